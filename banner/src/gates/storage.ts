// localStorage and sessionStorage: setItem, and assignment by property (`localStorage.x = …`), which only a proxy in
// front of the window's storage can see. Refused writes are kept and done when they are granted.

import type { Kind } from '../configuration';
import { bare, defineProperty, guard, guardMethod, ProxyOf, quietly, uncurry } from '../page';
import { storageKey } from '../first-writes';
import { AREAS } from '../store';
import type { CreateGate, Writer } from './gate';
import { createWaiting, type Waiting } from './waiting';

export const storage: CreateGate = (engine) => {
  const { prototype } = Storage;
  const setItem = uncurry(prototype.setItem);
  const real = new Map<unknown, Storage>(); // proxy → the storage behind it
  const areas = new Map<unknown, { kind: Kind; waiting: Waiting }>();

  /** True when this write must not happen (now). */
  function refused(storage: Storage, key: string, value: string, writer: Writer = engine.writer): boolean {
    const found = areas.get(storage);
    return !!found && found.waiting.judge(key, storageKey(found.kind, key), found.kind === 'local_storage' ? Infinity : null, writer, (writer) =>
      refused(storage, key, value, writer) || setItem(storage, key, value)) === false;
  }

  function stand(storage: Storage): Storage {
    const assign = (key: string | symbol, value: unknown, pass: () => boolean): boolean =>
      (typeof key === 'string' && !(key in prototype) && refused(storage, key, '' + value)) || pass();
    return new ProxyOf(storage, bare({
      get: (target: any, key: string) => target[key], // getters of Storage want the storage itself as `this`
      set: (target: any, key: string, value: unknown) => assign(key, value, () => Reflect.set(target, key, value, target)),
      defineProperty: (target: any, key: string, found: PropertyDescriptor) => assign(key, found.value, () => defineProperty(target, key, found)),
    }) as ProxyHandler<Storage>);
  }

  for (const [area, kind] of AREAS) {
    const storage = quietly(() => window[area]); // throws where storage is forbidden: nothing to guard then
    if (!storage) continue;
    const proxy = stand(storage);
    areas.set(storage, { kind, waiting: createWaiting(engine, area, kind) });
    real.set(proxy, storage);
    guard(window, area, { get: () => () => proxy });
  }
  // The methods must work on the proxy as on the storage.
  for (const name of ['getItem', 'removeItem', 'clear', 'key']) {
    guardMethod(prototype, name, (self, args, pass) => real.has(self) ? () => pass(real.get(self), args) : undefined);
  }
  guard(prototype, 'length', { get: (self, args, pass) => real.has(self) ? () => pass(real.get(self), args) : undefined });
  guardMethod(prototype, 'setItem', (self, args, pass) => {
    const storage = real.get(self) || self;
    if (args.length < 2) return;
    const [key, value] = ['' + args[0], '' + args[1]] as const;
    const no = refused(storage, key, value);
    return () => no ? undefined : pass(storage, [key, value]);
  });

  return {
    name: 'storage',
    open() {
      for (const { waiting } of areas.values()) waiting.open();
    },
    held: () => [...areas.values()].flatMap(({ waiting }) => waiting.held()),
  };
};
