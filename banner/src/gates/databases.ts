// IndexedDB and Cache Storage. A refused database could not be opened, a refused cache has no room: nothing is kept to be
// done later, because what was to be put into it is not known; the tracker asks again on the next page.

import type { Kind } from '../configuration';
import { nameIn } from '../first-writes';
import { guardMethod, quietly, text } from '../page';
import { failed } from '../refusal';
import type { CreateGate } from './gate';

const platform = globalThis as any;

export const databases: CreateGate = (engine) => {
  /** May it be opened? What may is counted from now on, when it is a service's: it has no end of its own. */
  function refused(kind: Kind, name: string): boolean {
    const writer = engine.writer();
    const verdict = engine.judgeName(kind, name, () => writer);
    const { allowed, service, lifetime } = verdict;
    engine.told('databases', name, verdict, writer);
    if (allowed && service) engine.writes.end(nameIn(kind, name), lifetime, service.id);
    return !allowed;
  }
  const shown = (kind: Kind) => (name: string): boolean => engine.judgeName(kind, name, null).allowed;

  const seen = (found: any[], may: (one: any) => boolean): any[] => quietly(() => found.filter(may)) || [];

  const factory = platform.IDBFactory?.prototype;
  guardMethod(factory, 'open', (_, args) =>
    args.length && refused('indexed_db', text(args, 0))
      ? () => failed(platform.IDBOpenDBRequest.prototype, { error: new DOMException('', 'UnknownError'), readyState: 'done' }, 'error')
      : undefined);
  guardMethod(factory, 'databases', (self, args, pass) => async () => seen(await pass(self, args), ({ name }) => shown('indexed_db')(name)));

  const caches = platform.CacheStorage?.prototype;
  guardMethod(caches, 'open', (_, args) =>
    args.length && refused('cache_storage', text(args, 0)) ? async () => { throw new DOMException('', 'QuotaExceededError'); } : undefined);
  guardMethod(caches, 'keys', (self, args, pass) => async () => seen(await pass(self, args), shown('cache_storage')));
  return { name: 'databases' };
};
