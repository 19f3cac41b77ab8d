// localStorage and sessionStorage: setItem, and assignment by property (`localStorage.x = …`), which only a proxy in
// front of the window's storage can see. Refused writes are kept and done when they are granted.

import { apply, getOwnPropertyDescriptor, guardAccessor, guardMethod, ProxyOf, quietly } from '../page';
import type { Engine, Gate, Writer } from './gate';

const AREAS = ['localStorage', 'sessionStorage'] as const;
const KINDS = { localStorage: 'local_storage', sessionStorage: 'session_storage' } as const;

export function storage(): Gate {
  let engine: Engine;
  const setItem = Storage.prototype.setItem;
  const real = new Map<unknown, Storage>(); // proxy, or the storage itself → the storage
  const areas = new Map<Storage, (typeof AREAS)[number]>();
  const waiting = new Map<string, { area: Storage; key: string; value: string; writer: Writer }>();

  /** True when this write must not happen (now). */
  function refused(area: Storage, key: string, value: string, writer: Writer = engine.writer): boolean {
    const name = areas.get(area);
    if (!name) return false;
    const id = name + ' ' + key;
    waiting.delete(id);
    const verdict = engine.judgeName(KINDS[name], key, writer);
    if (verdict.allowed) {
      const declared = verdict.service && verdict.lifetime;
      if (declared && name === 'localStorage') engine.writes.end(id, declared, verdict.service!.id);
      return false;
    }
    const script = writer();
    waiting.set(id, { area, key, value, writer: () => script });
    engine.refused(name, key, verdict.service);
    return true;
  }

  function stand(area: Storage): Storage {
    const assign = (key: string | symbol, value: unknown, pass: () => boolean): boolean =>
      (typeof key === 'string' && !(key in Storage.prototype) && refused(area, key, '' + value)) || pass();
    return new ProxyOf(area, {
      __proto__: null,
      get: (target: any, key: string) => target[key], // getters of Storage want the storage itself as `this`
      set: (target: any, key: string, value: unknown) => assign(key, value, () => Reflect.set(target, key, value, target)),
      defineProperty: (target: any, key: string, found: PropertyDescriptor) =>
        assign(key, found.value, () => Reflect.defineProperty(target, key, found)),
    } as ProxyHandler<Storage>);
  }

  return {
    name: 'storage',
    shut(its) {
      engine = its;
      for (const name of AREAS) {
        const area = quietly(() => window[name]); // throws where storage is forbidden: nothing to guard then
        if (!area) continue;
        const proxy = stand(area);
        areas.set(area, name);
        real.set(proxy, area);
        guardAccessor(window, name, { get: () => () => proxy });
      }
      // The methods must work on the proxy as on the storage.
      for (const name of ['getItem', 'removeItem', 'clear', 'key']) {
        const original = (Storage.prototype as any)[name];
        guardMethod(Storage.prototype, name, (self, args) => (real.has(self) ? () => apply(original, real.get(self), args) : undefined));
      }
      const length = getOwnPropertyDescriptor(Storage.prototype, 'length')!.get!;
      guardAccessor(Storage.prototype, 'length', { get: (self) => (real.has(self) ? () => apply(length, real.get(self), []) : undefined) });
      guardMethod(Storage.prototype, 'setItem', (self, args) => {
        const area = real.get(self) || self;
        if (args.length < 2) return;
        const [key, value] = ['' + args[0], '' + args[1]];
        if (refused(area, key, value)) return () => undefined;
        return () => apply(setItem, area, [key, value]);
      });
    },
    open() {
      for (const { area, key, value, writer } of [...waiting.values()]) {
        if (!refused(area, key, value, writer)) quietly(() => apply(setItem, area, [key, value]));
      }
    },
    held: () => [...waiting.keys()],
  };
}
