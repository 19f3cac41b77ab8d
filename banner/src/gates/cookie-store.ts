// The Cookie Store API: the same cookies by another door. Refusals look like success, as a full jar would.

import { keyOf } from '../first-writes';
import { bare, guardMethod } from '../page';
import type { CreateGate, Writer } from './gate';
import { createWaiting } from './waiting';

export const cookieStore: CreateGate = (engine) => {
  const waiting = createWaiting(engine, 'cookies', 'cookie');
  const Store = (globalThis as any).CookieStore?.prototype;

  /** What to do instead of `set(given)`; nothing when it may pass as it is. */
  function judged(given: any, writer: Writer, write: (given: object) => unknown): (() => unknown) | void {
    const name = '' + given.name;
    const { maxAge, expires } = given;
    const end = typeof maxAge === 'number' ? engine.now() + maxAge * 1000 : expires == null ? null : +expires;
    const last = waiting.judge(name, keyOf(name, given.domain || '', given.path || '/'), end, writer, (writer) =>
      (judged(given, writer, write) || (() => write(given)))(),
    );
    if (last === false) return () => Promise.resolve();
    if (last !== end) return () => write({ ...given, maxAge: undefined, expires: last });
  }

  const readable = (found: any): boolean => engine.judgeName('cookie', '' + found?.name, null).allowed;

  guardMethod(Store, 'set', (self, args, pass) =>
    judged(args[0] && typeof args[0] === 'object' ? { ...args[0] } : { name: args[0], value: '' + args[1] }, engine.writer, (given) => pass(self, [bare(given)])),
  );
  guardMethod(Store, 'get', (self, args, pass) => () => pass(self, args).then((found: any) => (found && !readable(found) ? null : found)));
  guardMethod(Store, 'getAll', (self, args, pass) => () => pass(self, args).then((found: any[]) => found.filter(readable)));
  return { name: 'cookieStore', ...waiting };
};
