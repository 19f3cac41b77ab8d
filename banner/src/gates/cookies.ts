// document.cookie: names that are not granted are neither written nor read; what is granted lives no longer than it may,
// counted from its first write (DUR-04, DUR-05). A refused write is kept and done when it is granted.

import { nameOfPair, parseCookieWrite, withEnd } from '../cookie-string';
import { keyOf } from '../first-writes';
import { guard } from '../page';
import type { CreateGate, Writer } from './gate';
import { createWaiting } from './waiting';

export const cookies: CreateGate = (engine) => {
  const waiting = createWaiting(engine, 'cookies', 'cookie');

  /** What the browser is to be given instead of `text`; null: nothing. */
  function judged(text: string, writer: Writer, write: (text: string) => void): string | null {
    const cookie = parseCookieWrite(text, engine.now());
    const { name, domain, path, end } = cookie;
    const last = waiting.judge(name, keyOf(name, domain, path), end, writer, (writer) => put(text, writer, write));
    // A lifetime that we could not read is taken out: a browser that can would keep the cookie longer than it may.
    return last === false ? null : last !== null && last === end ? text : withEnd(cookie, last, engine.now());
  }

  function put(text: string, writer: Writer, write: (text: string) => void): void {
    const instead = judged(text, writer, write);
    if (instead !== null) write(instead);
  }

  guard(Document.prototype, 'cookie', {
    get: (self, args, pass) => () =>
      pass(self, args)
        .split('; ')
        .filter((pair: string) => !pair || engine.judgeName('cookie', nameOfPair(pair), null).allowed)
        .join('; '),
    set(self, args, pass) {
      const write = (text: string): void => pass(self, [text]);
      const instead = judged((args[0] = '' + args[0]), engine.writer, write);
      return () => instead !== null && write(instead);
    },
  });
  return { name: 'cookies', ...waiting };
};
