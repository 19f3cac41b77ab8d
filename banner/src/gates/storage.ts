// localStorage and sessionStorage: setItem, and assignment by property (`localStorage.x = …`), which only a proxy in
// front of the window's storage can see. Refused writes are kept and done when they are granted; what is not granted and
// there all the same (a page without us wrote it) is taken away when it is read.

import type { Kind } from '../configuration';
import { assignTo, bare, defineProperty, guard, guardMethod, originals, ownKeys, ProxyOf, quietly, text } from '../page';
import { soundly } from '../sound';
import { AREAS, type Area } from '../store';
import type { CreateGate, Writer } from './gate';
import { createWaiting, type Waiting } from './waiting';

export const storage: CreateGate = (engine) => {
  const { prototype } = Storage;
  const [setItem, removeItem] = originals('Storage', 'setItem', 'removeItem') as any[];
  const real = new WeakMap<object, Storage>(); // proxy → the storage behind it
  const proxies = new WeakMap<Storage, Storage>();
  const areas = new WeakMap<Storage, { area: Area; kind: Kind; waiting: Waiting }>(); // every realm has storages of its own

  /** True when this write must not happen (now). */
  function refused(storage: Storage, key: string, value: string, writer: Writer = engine.writer): boolean {
    const found = areas.get(storage);
    return !!found && found.waiting.judge(key, key, found.kind === 'local_storage' ? Infinity : null, writer, (writer) =>
      // In this realm's storage: the one it was written to may be gone.
      refused(storage, key, value, writer) || setItem(real.get(window[found.area]), key, value)) === false;
  }

  /** True when this key must not be read; then it is gone. */
  function hidden(storage: Storage, key: string | symbol): boolean {
    const found = areas.get(storage);
    if (!found || typeof key !== 'string' || engine.judgeName(found.kind, key, null).allowed) return false;
    removeItem(storage, key);
    return true;
  }

  function stand(storage: Storage): Storage {
    const isKey = (key: string | symbol): key is string => typeof key === 'string' && !(key in prototype);
    const assign = (key: string | symbol, value: unknown, pass: () => boolean): boolean =>
      (isKey(key) && soundly(refused, storage, key, '' + value)) || pass();
    return new ProxyOf(storage, bare({
      // getters of Storage want the storage itself as `this`
      get: (target: any, key: string) => (isKey(key) && soundly(hidden, target, key) ? undefined : target[key]),
      has: (target: any, key: string) => key in target && !(isKey(key) && soundly(hidden, target, key)),
      ownKeys: (target: any) => soundly(() => ownKeys(target).filter((key) => !hidden(target, key))),
      set: (target: any, key: string, value: unknown) => assign(key, value, () => assignTo(target, key, value, target)),
      defineProperty: (target: any, key: string, found: PropertyDescriptor) => assign(key, found.value, () => defineProperty(target, key, found)),
    }) as ProxyHandler<Storage>);
  }

  const gates = AREAS.map(([area, kind]) => {
    const found = { area, kind, waiting: createWaiting(engine, area, kind) };
    guard(window, area, {
      get: (self, args, pass) => () => {
        const storage = pass(self, args); // throws where storage is forbidden, as it should
        let proxy = proxies.get(storage);
        if (!proxy) {
          proxy = stand(storage);
          areas.set(storage, found);
          proxies.set(storage, proxy);
          real.set(proxy, storage);
        }
        return proxy;
      },
    });
    // Known from the start: its methods can be borrowed from another realm.
    quietly(() => window[area]);
    return found.waiting;
  });

  // The methods must work on the proxy as on the storage.
  for (const name of ['removeItem', 'clear', 'key']) {
    guardMethod(prototype, name, (self, args, pass) => real.has(self) ? () => pass(real.get(self), args) : undefined);
  }
  guard(prototype, 'length', { get: (self, args, pass) => real.has(self) ? () => pass(real.get(self), args) : undefined });
  guardMethod(prototype, 'getItem', (self, args, pass) => {
    const storage = real.get(self) || self;
    return () => (args.length && hidden(storage, text(args, 0)) ? null : pass(storage, args));
  });
  guardMethod(prototype, 'setItem', (self, args, pass) => {
    const storage = real.get(self) || self;
    if (args.length < 2) return;
    const no = refused(storage, text(args, 0), text(args, 1));
    return () => no ? undefined : pass(storage, args);
  });

  // An event of ours names the storage behind the proxy, and one that the page makes must not name the proxy.
  guard(StorageEvent.prototype, 'storageArea', {
    get: (self, args, pass) => () => {
      const storage = pass(self, args);
      return proxies.get(storage) || storage;
    },
  });
  guard(window, 'StorageEvent', {
    construct: (made, [type, about], pass) =>
      real.has(about?.storageArea) ? () => pass(made, [type, { ...about, storageArea: real.get(about.storageArea) }]) : undefined,
  });

  return {
    name: 'storage',
    open: () => gates.forEach(({ open }) => open()),
    held: () => gates.flatMap(({ held }) => held()),
  };
};
