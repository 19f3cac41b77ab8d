// The Cookie Store API: the same cookies by another door. Refusals look like success, as a full jar would.

import { keyOf } from '../first-writes';
import { apply, bare, guardMethod, type Method, quietly } from '../page';
import type { Engine, Gate, Writer } from './gate';

export function cookieStore(): Gate {
  let engine: Engine;
  const waiting = new Map<string, () => unknown>();
  const Store = (globalThis as any).CookieStore?.prototype;
  const set: Method = Store?.set;

  function guarded(self: any, args: any[], writer: Writer = engine.writer): (() => unknown) | void {
    const given = args[0] && typeof args[0] === 'object' ? { ...args[0] } : { name: '' + args[0], value: '' + args[1] };
    const name = '' + given.name;
    const now = engine.now();
    const key = keyOf(name, given.domain || '', given.path || '/');
    const end = typeof given.maxAge === 'number' ? now + given.maxAge * 1000 : given.expires == null ? null : +given.expires;
    waiting.delete(key);
    if (end !== null && end <= now) return;
    const verdict = engine.judgeName('cookie', name, writer);
    if (!verdict.allowed) {
      const script = writer();
      waiting.set(key, () => write(self, [given], () => script));
      engine.refused('cookies', name, verdict.service);
      return () => Promise.resolve();
    }
    if (end !== null && verdict.lifetime !== null) {
      const last = verdict.lifetime ? Math.min(end, engine.writes.end(key, verdict.lifetime, verdict.service?.id)) : null;
      delete given.maxAge;
      given.expires = last;
      return () => apply(set, self, [bare(given)]);
    }
  }

  const write = (self: any, args: any[], writer: Writer): unknown =>
    (guarded(self, args, writer) || (() => apply(set, self, args)))();

  const readable = (found: any): boolean => engine.judgeName('cookie', '' + found?.name, null).allowed;

  return {
    name: 'cookieStore',
    shut(its) {
      engine = its;
      if (!Store) return;
      guardMethod(Store, 'set', (self, args) => guarded(self, args));
      const { get, getAll } = Store;
      guardMethod(Store, 'get', (self, args) => () =>
        (apply as Method)(get, self, args).then((found: any) => (found && !readable(found) ? null : found)));
      guardMethod(Store, 'getAll', (self, args) => () =>
        (apply as Method)(getAll, self, args).then((found: any[]) => found.filter(readable)));
    },
    open() {
      for (const again of [...waiting.values()]) void quietly(again);
    },
    held: () => [...waiting.keys()],
  };
}
