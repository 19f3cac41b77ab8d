// When was each cookie and storage key first written: lifetimes count from there and never slide (DUR-04).
// Also remembers which service an undeclared cookie came from, so that withdrawal finds it again.

import type { Kind } from './configuration';
import { encode, parse, quietly } from './page';
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
  names(kind: Kind): string[]; // what services wrote of that kind, declared or not
  forget(name: string): void;
}

export const keyOf = (name: string, domain = '', path = ''): string => name + ';' + domain + ';' + path;

/** A storage key's own name among the cookies'. */
export const nameIn = (kind: Kind, name: string): string => (kind === 'cookie' ? name : kind + ' ' + name);
export const storageKey = (kind: Kind, name: string): string => keyOf(nameIn(kind, name));

export function firstWrites(store: Store, now: () => number): FirstWrites {
  let text: string | null = null; // as it was read or written last
  let entries = new Map<string, Entry>();
  let services = new Map<string, string>(); // name → whose it is
  let saving = false;

  const nameOf = (key: string): string => key.slice(0, key.lastIndexOf(';', key.lastIndexOf(';') - 1));

  /** What the storage holds, read again only when another page has changed it. */
  function load(): Map<string, Entry> {
    const found = saving ? text : store.get(KEY);
    if (found === text) return entries;
    text = found;
    entries = new Map(
      Object.entries(quietly(() => parse(text!)) || {}).filter(
        ([, entry]) => Array.isArray(entry) && typeof entry[0] === 'number' && entry[0] <= now(),
      ) as [string, Entry][],
    );
    services = new Map([...entries].flatMap(([key, [, service]]) => (service ? [[nameOf(key), service]] : [])));
    return entries;
  }
  /** Once for all that a script writes in one go: ten thousand cookies are one list. */
  function save(): void {
    if (saving) return;
    saving = true;
    queueMicrotask(() => {
      if (entries.size > MOST) entries = new Map([...entries].sort(([, a], [, b]) => b[0] - a[0]).slice(0, MOST));
      store.set(KEY, (text = encode(Object.fromEntries(entries))));
      saving = false;
    });
  }

  return {
    end(key, seconds, service) {
      const known = load().get(key);
      if (known && known[0] + seconds * 1000 > now()) return known[0] + seconds * 1000;
      entries.set(key, service ? [now(), service] : [now()]);
      if (service) services.set(nameOf(key), service);
      save();
      return now() + seconds * 1000;
    },
    over(key, seconds) {
      const known = load().get(key);
      if (!known) this.end(key, seconds);
      return !!known && known[0] + seconds * 1000 <= now();
    },
    serviceOf(name) {
      load();
      return services.get(name);
    },
    names: (kind) => {
      load();
      return [...services.keys()].filter((name) => name.startsWith(kind + ' ')).map((name) => name.slice(kind.length + 1));
    },
    forget(name) {
      for (const key of [...load().keys()]) if (nameOf(key) === name && entries.delete(key)) save();
      services.delete(name);
    },
  };
}
