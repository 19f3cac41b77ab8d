// When was each cookie and storage key first written: lifetimes count from there and never slide (DUR-04).
// Also remembers which service an undeclared cookie came from, so that withdrawal finds it again.

import { bare, encode, parse, quietly } from './page';
import type { Store } from './store';

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

export function firstWrites(store: Store, now: () => number): FirstWrites {
  const load = (): { [key: string]: Entry } => {
    const entries = bare<Entry>();
    const found = quietly(() => Object.entries(parse(store.get(KEY) || '{}'))) || [];
    for (const [key, entry] of found) if (Array.isArray(entry) && typeof entry[0] === 'number' && entry[0] <= now()) entries[key] = entry as Entry;
    return entries;
  };
  const save = (entries: { [key: string]: Entry }): void => {
    const keys = Object.keys(entries).sort((a, b) => entries[b]![0] - entries[a]![0]);
    for (const key of keys.slice(MOST)) delete entries[key];
    store.set(KEY, encode(entries));
  };
  const ofName = (entries: object, name: string): string[] => Object.keys(entries).filter((key) => key.startsWith(name + ';'));

  return {
    end(key, seconds, service) {
      const entries = load();
      const known = entries[key];
      if (known && known[0] + seconds * 1000 > now()) return known[0] + seconds * 1000;
      entries[key] = service ? [now(), service] : [now()];
      save(entries);
      return now() + seconds * 1000;
    },
    over(key, seconds) {
      const known = load()[key];
      if (!known) this.end(key, seconds);
      return !!known && known[0] + seconds * 1000 <= now();
    },
    serviceOf(name) {
      const entries = load();
      return ofName(entries, name).map((key) => entries[key]![1]).find(Boolean);
    },
    forget(name) {
      const entries = load();
      const keys = ofName(entries, name);
      for (const key of keys) delete entries[key];
      if (keys.length) save(entries);
    },
  };
}
