// Takes away what is on the device and not granted (WD-04): cookies on every domain and path we can reach, storage keys,
// databases; and what is granted but older than it may be (DUR-07). What resists is told to the record.

import { namesIn } from './cookie-string';
import { CAP_SECONDS } from './lifetime';
import type { Core } from './engine';
import { keyOf } from './first-writes';
import type { Jar } from './saved-choice';
import type { Store } from './store';

const MOST_NAMES = 50;
const AREAS = ['localStorage', 'sessionStorage'] as const;
const KINDS = { localStorage: 'local_storage', sessionStorage: 'session_storage' } as const;

export type Stores = { readonly [area in (typeof AREAS)[number]]: Store };
export type Cleanup = () => string[];

/** Every domain a cookie of this host may have been given: the host alone, and each suffix with and without dot. */
export function domainsOf(host: string): string[] {
  const labels = host.split('.');
  const suffixes = labels.map((_, i) => labels.slice(i).join('.'));
  return ['', ...suffixes.flatMap((suffix) => ['; Domain=' + suffix, '; Domain=.' + suffix])];
}

/** Every path a cookie that this page can see may have been given. */
export function pathsOf(path: string): string[] {
  const parts = path.split('/').slice(1, 12);
  const prefixes = parts.flatMap((_, i) => {
    const prefix = '/' + parts.slice(0, i + 1).join('/');
    return [prefix, prefix + '/'];
  });
  return ['/', ...prefixes].filter((one, i, all) => all.indexOf(one) === i && !one.endsWith('//'));
}

export function deleteCookie(name: string, jar: Jar, host: string, path: string): void {
  for (const where of pathsOf(path)) {
    for (const domain of domainsOf(host)) {
      const attributes = '; Path=' + where + domain + '; Max-Age=0';
      jar.write(name + '=' + attributes);
      if (location.protocol !== 'https:') continue;
      jar.write(name + '=' + attributes + '; Secure'); // __Secure- and __Host- names take nothing else
      jar.write(name + '=' + attributes + '; Secure; SameSite=None; Partitioned');
    }
  }
}

export function createCleanup(engine: Core, jar: Jar, stores: Stores): Cleanup {
  /** Belongs to a service and is not granted, or has lived too long. */
  const unwanted = (kind: 'cookie' | 'local_storage' | 'session_storage', name: string, key: string): boolean => {
    const { allowed, service, lifetime } = engine.judgeName(kind, name, null);
    if (!service) return false;
    return !allowed || (kind !== 'session_storage' && engine.writes.over(key, lifetime || CAP_SECONDS));
  };

  const cookies = (): string[] => namesIn(jar.read()).filter((name) => name && unwanted('cookie', name, keyOf(name)));
  const keys = (area: keyof Stores): string[] =>
    stores[area].keys().filter((key) => unwanted(KINDS[area], key, area + ' ' + key));

  async function databases(): Promise<void> {
    const declared = engine.rules.all('indexed_db').map(({ tracker }) => tracker.name);
    if (!declared.length) return;
    const there = indexedDB.databases ? (await indexedDB.databases()).map(({ name }) => name!) : declared;
    for (const name of there) if (!engine.judgeName('indexed_db', name, null).allowed) indexedDB.deleteDatabase(name);
  }

  return () => {
    const found = new Set<string>();
    for (const name of cookies()) {
      found.add(name);
      deleteCookie(name, jar, location.hostname, location.pathname);
    }
    for (const area of AREAS) {
      for (const key of keys(area)) {
        stores[area].remove(key);
        engine.writes.forget(area + ' ' + key);
      }
    }
    void databases().catch(() => undefined);
    const left = new Set(namesIn(jar.read()));
    for (const name of found) if (!left.has(name)) engine.writes.forget(name);
    return [...found].filter((name) => left.has(name)).slice(0, MOST_NAMES);
  };
}
