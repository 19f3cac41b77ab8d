// When was each cookie and storage key first written: lifetimes count from there and never slide (DUR-04).
// Also remembers which service an undeclared cookie came from, so that withdrawal finds it again.

import type { Kind } from './configuration';
import { encode } from './page';
import { readJson, type Store } from './store';

const KEY = 'eu-consent-writes';
const MOST = 400; // entries; the oldest give way, so that a page that makes up names cannot fill the storage

type Entry = [first: number, service?: string];

export interface FirstWrites {
  /** When what may live `seconds` must be gone, noting `now` as its first write unless an unfinished life is known. */
  end(key: string, seconds: number, service?: string): number;
  /** Has it lived longer than that? Notes `now` for what was never seen. */
  over(key: string, seconds: number): boolean;
  serviceOf(name: string): string | undefined;
  forget(name: string): void;
}

export const keyOf = (name: string, domain = '', path = ''): string => name + ';' + domain + ';' + path;

/** A storage key's own name among the cookies'. */
export const nameIn = (kind: Kind, name: string): string => (kind === 'cookie' ? name : kind + ' ' + name);
export const storageKey = (kind: Kind, name: string): string => keyOf(nameIn(kind, name));

export function firstWrites(store: Store, now: () => number): FirstWrites {
  const load = (): Map<string, Entry> =>
    new Map(
      Object.entries(readJson(store, KEY) || {}).filter(
        ([, entry]) => Array.isArray(entry) && typeof entry[0] === 'number' && entry[0] <= now(),
      ) as [string, Entry][],
    );
  const save = (entries: Map<string, Entry>): void =>
    store.set(KEY, encode(Object.fromEntries([...entries].sort(([, a], [, b]) => b[0] - a[0]).slice(0, MOST))));
  const ofName = (entries: Map<string, Entry>, name: string): string[] => [...entries.keys()].filter((key) => key.startsWith(name + ';'));

  return {
    end(key, seconds, service) {
      const entries = load();
      const known = entries.get(key);
      if (known && known[0] + seconds * 1000 > now()) return known[0] + seconds * 1000;
      entries.set(key, service ? [now(), service] : [now()]);
      save(entries);
      return now() + seconds * 1000;
    },
    over(key, seconds) {
      const known = load().get(key);
      if (!known) this.end(key, seconds);
      return !!known && known[0] + seconds * 1000 <= now();
    },
    serviceOf(name) {
      const entries = load();
      return ofName(entries, name).map((key) => entries.get(key)![1]).find(Boolean);
    },
    forget(name) {
      const entries = load();
      // map, not some: every one of them goes
      if (ofName(entries, name).map((key) => entries.delete(key))[0]) save(entries);
    },
  };
}
