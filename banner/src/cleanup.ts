// Takes away what is on the device and not granted (WD-04): cookies on every domain and path we can reach, storage keys,
// databases; and what is granted but older than it may be (DUR-07). What resists is told to the record.

import { namesIn } from './cookie-string';
import { CAP_SECONDS } from './lifetime';
import type { Core } from './engine';
import { keyOf, nameIn, storageKey } from './first-writes';
import type { Jar } from './saved-choice';
import { AREAS, type Area, type Store } from './store';

const MOST_NAMES = 50;
const DEEPEST = 11; // folders of a path

export type Stores = { readonly [area in Area]: Store };
export type Cleanup = () => string[];

/** Every domain a cookie of this host may have been given: the host alone, and each suffix with and without dot. */
export const domainsOf = (host: string): string[] => [
  '',
  ...host.split('.').flatMap((_, i, labels) => ['', '.'].map((dot) => '; Domain=' + dot + labels.slice(i).join('.'))),
];

/** Every path a cookie that this page can see may have been given. */
export const pathsOf = (path: string): string[] => [
  ...new Set(path.split('/').slice(0, DEEPEST + 1).flatMap((_, i, parts) => {
    const prefix = parts.slice(0, i + 1).join('/');
    return i ? [prefix, prefix + '/'] : ['/'];
  })),
].filter((one) => !one.endsWith('//'));

export function deleteCookie(name: string, jar: Jar, host: string, path: string): void {
  // __Secure- and __Host- names take nothing without Secure.
  const kinds = location.protocol === 'https:' ? ['', '; Secure', '; Secure; SameSite=None; Partitioned'] : [''];
  for (const where of pathsOf(path)) {
    for (const domain of domainsOf(host)) for (const kind of kinds) jar.write(name + '=; Path=' + where + domain + '; Max-Age=0' + kind);
  }
}

export function createCleanup({ judgeName, rules, writes }: Core, jar: Jar, stores: Stores): Cleanup {
  /** Belongs to a service and is not granted, or has lived too long. */
  const unwanted = (kind: 'cookie' | 'local_storage' | 'session_storage', name: string, key: string): boolean => {
    const { allowed, service, lifetime } = judgeName(kind, name, null);
    return !!service && (!allowed || (kind !== 'session_storage' && writes.over(key, lifetime || CAP_SECONDS)));
  };

  async function databases(): Promise<void> {
    const declared = rules.all('indexed_db').map(({ tracker }) => tracker.name);
    if (!declared[0]) return;
    const there = indexedDB.databases ? (await indexedDB.databases()).map(({ name }) => name!) : declared;
    for (const name of there) if (!judgeName('indexed_db', name, null).allowed) indexedDB.deleteDatabase(name);
  }

  return () => {
    const found = new Set(namesIn(jar.read()).filter((name) => name && unwanted('cookie', name, keyOf(name))));
    for (const name of found) deleteCookie(name, jar, location.hostname, location.pathname);
    for (const [area, kind] of AREAS) {
      for (const key of stores[area].keys()) {
        if (!unwanted(kind, key, storageKey(kind, key))) continue;
        stores[area].remove(key);
        writes.forget(nameIn(kind, key));
      }
    }
    void databases().catch(() => {});
    const left = namesIn(jar.read());
    return [...found].filter((name) => left.includes(name) || writes.forget(name)).slice(0, MOST_NAMES);
  };
}
