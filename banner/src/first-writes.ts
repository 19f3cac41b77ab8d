// When was each cookie and storage key first written: lifetimes count from there and never slide (DUR-04).
// Also remembers which service an undeclared cookie came from, so that withdrawal finds it again.
//
// A cookie is known by its name alone. Whether two writes mean the same cookie depends on how their domains and paths were
// spelled or left out; where they do not, the later one shares the earlier day and ends sooner, never later.

import type { Kind } from './configuration';
import { CAP_SECONDS } from './lifetime';
import { encode, parse, quietly } from './page';
import type { Store } from './store';

const KEY = 'eu-consent-writes';
const MOST = 400; // names; a page that makes them up must neither fill the storage nor have others forgotten

type Entry = [first: number, service?: string];

export interface FirstWrites {
  /** When what may live `seconds` must be gone, noting `now` as its first write unless an unfinished life is known. */
  end(name: string, seconds: number, service?: string): number;
  /** Has it lived longer than that? Notes `now` for what was never seen. */
  over(name: string, seconds: number): boolean;
  serviceOf(name: string): string | undefined;
  names(kind: Kind): string[]; // what services wrote of that kind, declared or not
  forget(name: string): void;
}

/** A storage key's own name among the cookies'. */
export const nameIn = (kind: Kind, name: string): string => (kind === 'cookie' ? name : kind + ' ' + name);

export function firstWrites(store: Store, now: () => number): FirstWrites {
  let text: string | null = null; // as it was read or written last
  let entries = new Map<string, Entry>();
  let saving = false;

  /** What the storage holds, read again only when another page has changed it. */
  function load(): Map<string, Entry> {
    const found = saving ? text : store.get(KEY);
    if (found === text) return entries;
    text = found;
    return (entries = new Map(
      Object.entries(quietly(() => parse(text!)) || {}).filter(
        ([, entry]) => Array.isArray(entry) && typeof entry[0] === 'number' && entry[0] <= now(),
      ) as [string, Entry][],
    ));
  }
  /** Once for all that a script writes in one go: ten thousand cookies are one list. */
  function save(): void {
    if (saving) return;
    saving = true;
    queueMicrotask(() => {
      store.set(KEY, (text = encode(Object.fromEntries(entries))));
      saving = false;
    });
  }

  return {
    end(name, seconds, service) {
      const known = load().get(name);
      const end = (known ? known[0] : now()) + seconds * 1000;
      if (known && end > now()) return end;
      if (!known && entries.size >= MOST) {
        // No room to remember it: it goes with the oldest that is remembered, which was there before it.
        const [oldest, [first]] = [...entries].reduce((a, b) => (b[1][0] < a[1][0] ? b : a));
        const last = first + CAP_SECONDS * 1000;
        if (last > now()) return Math.min(end, last);
        entries.delete(oldest);
      }
      entries.set(name, service ? [now(), service] : [now()]);
      save();
      return now() + seconds * 1000;
    },
    over(name, seconds) {
      const known = load().get(name);
      if (!known) this.end(name, seconds);
      return !!known && known[0] + seconds * 1000 <= now();
    },
    serviceOf: (name) => load().get(name)?.[1],
    names: (kind) =>
      [...load()].flatMap(([name, [, service]]) => (service && name.startsWith(kind + ' ') ? name.slice(kind.length + 1) : [])),
    forget(name) {
      if (load().delete(name)) save();
    },
  };
}
