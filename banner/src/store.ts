// localStorage as it was before the gates: our own keys pass through here. Storage may be missing, full or forbidden
// (privacy modes, sandboxed frames), which must never matter to more than ourselves.

import { accessor, originals, parse, quietly } from './page';

/** The two storages, and how the configuration calls them. */
export const AREAS = [['localStorage', 'local_storage'], ['sessionStorage', 'session_storage']] as const;
export type Area = (typeof AREAS)[number][0];

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

const [read, write, drop, keyAt] = originals('Storage', 'getItem', 'setItem', 'removeItem', 'key') as [any, any, any, any];

export function openStore(area: Area): Store {
  const storage: any = quietly(() => window[area]);
  const memory = new Map<string, string>();
  const length = storage && accessor(Storage.prototype, 'length').read;
  return {
    get: (name) => memory.get(name) ?? quietly(() => read(storage, name)) ?? null,
    set(name, value) {
      memory.delete(name);
      // A full storage must not lose a record on its way: it lives as long as the page then.
      if (!quietly(() => (write(storage, name, value), true))) memory.set(name, value);
    },
    remove(name) {
      memory.delete(name);
      quietly(() => drop(storage, name));
    },
    // Not Object.keys: it leaves out what is named like a method.
    keys: () => quietly(() => Array.from({ length: length(storage) }, (_, i) => keyAt(storage, i))) || [],
  };
}

/** What stands there as JSON; null when nothing does, or anybody's text. */
export const readJson = (store: Store, key: string): any => quietly(() => parse(store.get(key) || 'null'));
