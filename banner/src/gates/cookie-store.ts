// The Cookie Store API: the same cookies by another door. Refusals look like success, as a full jar would.

import { bare, guard, guardMethod, quietly, text } from '../page';
import type { CreateGate, Writer } from './gate';
import { createWaiting, keyOf } from './waiting';

export const cookieStore: CreateGate = (engine) => {
  const waiting = createWaiting(engine, 'cookies', 'cookie');
  const Store = (globalThis as any).CookieStore?.prototype;

  /** What to do instead of `set(given)`; nothing when it may pass as it is. */
  function judged(given: any, writer: Writer, write: (given: object) => unknown): (() => unknown) | void {
    const name = '' + given.name;
    const { maxAge, expires } = given;
    const end = maxAge != null ? engine.now() + +maxAge * 1000 : expires == null ? null : +expires;
    const last = waiting.judge(name, keyOfGiven(given), end, writer, (writer) =>
      (judged(given, writer, write) || (() => write(given)))(),
    );
    if (last === false) return async () => {};
    if (end !== null) return () => write({ ...given, maxAge: undefined, expires: last }); // not every browser knows maxAge
  }

  const readable = (found: any): boolean => engine.judgeName('cookie', '' + found?.name, null).allowed;
  const keyOfGiven = ({ name, domain, path }: any): string => keyOf('' + name, domain || '', path || '/');
  /** Read once: a getter may say something else the second time. */
  function given([first, value]: any[]): any {
    const cookie = first && typeof first === 'object' ? { ...first } : { name: first, value };
    cookie.name = text([cookie.name], 0);
    return cookie;
  }

  guardMethod(Store, 'set', (self, args, pass) => {
    const cookie = given(args);
    const write = (cookie: object): unknown => pass(self, [bare(cookie)]);
    return judged(cookie, engine.writer, write) || (() => write(cookie));
  });
  guardMethod(Store, 'delete', (self, args) => waiting.drop(keyOfGiven(given(args))));
  guardMethod(Store, 'get', (self, args, pass) => () => pass(self, args).then((found: any) => quietly(() => found && readable(found)) ? found : null));
  guardMethod(Store, 'getAll', (self, args, pass) => () => pass(self, args).then((found: any[]) => quietly(() => found.filter(readable)) || []));
  for (const part of ['changed', 'deleted']) {
    guard((globalThis as any).CookieChangeEvent?.prototype, part, { get: (self, args, pass) => () => pass(self, args).filter(readable) });
  }
  return { name: 'cookieStore', ...waiting };
};
