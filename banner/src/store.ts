// localStorage as it was before the gates: our own keys pass through here. Storage may be missing, full or forbidden
// (privacy modes, sandboxed frames), which must never matter to more than ourselves.

import { accessor, quietly, uncurry } from './page';

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

export function openStore(area: 'localStorage' | 'sessionStorage'): Store {
  const storage = quietly(() => window[area]);
  const memory = new Map<string, string>();
  if (!storage) return memoryStore(memory);
  const { getItem, setItem, removeItem, key } = Storage.prototype;
  const read = uncurry(getItem);
  const write = uncurry(setItem);
  const drop = uncurry(removeItem);
  const keyAt = uncurry(key);
  const length = accessor(Storage.prototype, 'length').read;
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
    keys: () => quietly(() => Array.from({ length: length(storage) }, (_, i) => keyAt(storage, i) as string)) || [],
  };
}

export const memoryStore = (memory: Map<string, string>): Store => ({
  get: (key) => memory.get(key) ?? null,
  set: (key, value) => void memory.set(key, value),
  remove: (key) => void memory.delete(key),
  keys: () => [...memory.keys()],
});
