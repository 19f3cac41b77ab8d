// Takes away what is on the device and not granted (WD-04): cookies on every domain and path we can reach, storage keys,
// databases, caches, service workers; and what is granted but older than it may be (DUR-07). What resists is told to the
// record.

import type { Kind } from './configuration';
import { namesIn } from './cookie-string';
import { CAP_SECONDS } from './lifetime';
import type { Core } from './engine';
import { nameIn } from './first-writes';
import { originals, quietly } from './page';
import { PROBE, suffixesOf, takes } from './same-site';
import type { Jar } from './saved-choice';
import { AREAS, type Area, type Store } from './store';

const MOST_NAMES = 50;
const MOST_COOKIES = 100; // a full jar makes room for a probe by throwing something out
const DEEPEST = 11; // folders of a path

export type Stores = { readonly [area in Area]: Store };
/** `withdrawn`: look for what no script may see, too. Gives the names that could not be removed. */
export type Cleanup = (withdrawn?: boolean) => string[];

/** Every domain a cookie of this host may have been given: the host alone, and each suffix. A leading dot means nothing. */
export const domainsOf = (host: string): string[] => ['', ...suffixesOf(host)];

/** Every path a cookie that this page can see may have been given. */
export const pathsOf = (path: string): string[] => [
  ...new Set(path.split('/').slice(0, DEEPEST + 1).flatMap((_, i, parts) => {
    const prefix = parts.slice(0, i + 1).join('/');
    return i ? [prefix, prefix + '/'] : ['/'];
  })),
].filter((one) => !one.endsWith('//'));

/** Delete cookies wherever they may be; gives those that are still there. The jar is asked after each path, because
 * nearly all of them have the first one and every write costs a journey to another process. */
export function deleteCookies(names: string[], jar: Jar, host: string, path: string): string[] {
  // __Secure- and __Host- names take nothing without Secure.
  const kinds = globalThis.isSecureContext ? ['; Secure; SameSite=None', '; Secure; SameSite=None; Partitioned'] : [''];
  const places = domainsOf(host).flatMap((domain) => kinds.map((kind) => (domain && '; Domain=' + domain) + '; Max-Age=0' + kind));
  for (const where of pathsOf(path)) {
    if (!names[0]) break;
    for (const name of names) for (const place of places) jar.write(name + '=; Path=' + where + place);
    const left = new Set(namesIn(jar.read()));
    names = names.filter((name) => left.has(name));
  }
  return names;
}

const [databasesOf, dropDatabase] = originals('IDBFactory', 'databases', 'deleteDatabase') as any[];
const [cachesOf, dropCache] = originals('CacheStorage', 'keys', 'delete') as any[];
const [workersOf] = originals('ServiceWorkerContainer', 'getRegistrations') as any[];

export function createCleanup({ judgeName, judgeUrl, rules, writes }: Core, jar: Jar, stores: Stores): Cleanup {
  /** Belongs to a service and is not granted, or has lived too long. */
  const unwanted = (kind: Kind, name: string): boolean => {
    const { allowed, service, lifetime } = judgeName(kind, name, null);
    return !!service && (!allowed || (kind !== 'session_storage' && writes.over(nameIn(kind, name), lifetime || CAP_SECONDS)));
  };

  // Whether there may be any is known without looking.
  const some = (kind: Kind): boolean => !!(rules.all(kind)[0] || writes.names(kind)[0]);

  function clear(kind: Kind, names: string[], drop: (name: string) => unknown): void {
    for (const name of names) {
      if (!unwanted(kind, name)) continue;
      drop(name);
      writes.forget(nameIn(kind, name));
    }
  }

  /** What can only be asked for; a browser without it, or a page that may not have it, has nothing to clear. */
  const later = (found: () => Promise<any[]>, deed: (found: any[]) => void): void => void quietly(() => found().then(deed).catch(() => {}));

  /** A name that the browser refuses to have overwritten is there, out of reach of scripts (HttpOnly). */
  function unseen(): string[] {
    if (namesIn(jar.read()).length > MOST_COOKIES) return [];
    const domains = domainsOf(location.hostname).filter((domain) => takes(jar, PROBE, domain));
    return rules.all('cookie')
      .map(({ tracker: { name } }) => name)
      .filter((name) => !/\*|^__/.test(name) && !judgeName('cookie', name, null).allowed && domains.some((domain) => !takes(jar, name, domain)));
  }

  return (withdrawn) => {
    const found = [...new Set(namesIn(jar.read()))].filter((name) => name && unwanted('cookie', name));
    const left = deleteCookies(found, jar, location.hostname, location.pathname);
    for (const name of found) if (!left.includes(name)) writes.forget(name);
    for (const [area, kind] of AREAS) if (some(kind)) clear(kind, stores[area].keys(), stores[area].remove);
    if (some('indexed_db')) {
      later(() => databasesOf(indexedDB), (found) => clear('indexed_db', found.map(({ name }) => name), (name) => dropDatabase(indexedDB, name)));
    }
    if (some('cache_storage')) later(() => cachesOf(caches), (found) => clear('cache_storage', found, (name) => dropCache(caches, name)));
    later(() => workersOf(navigator.serviceWorker), (found) => {
      for (const one of found) if (!judgeUrl((one.active || one.waiting || one.installing).scriptURL).allowed) one.unregister();
    });
    return [...new Set(withdrawn ? [...left, ...unseen()] : left)].slice(0, MOST_NAMES);
  };
}
