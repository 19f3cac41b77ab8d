// document.cookie: names that are not granted are neither written nor read; what is granted lives no longer than it may,
// counted from its first write (DUR-04, DUR-05). A refused write is kept and done when it is granted.

import { nameOfPair, parseCookieWrite, withEnd } from '../cookie-string';
import { guard, quietly, text, uncurry } from '../page';
import type { CreateGate, Writer } from './gate';
import { createWaiting, keyOf } from './waiting';

export const cookies: CreateGate = (engine) => {
  const waiting = createWaiting(engine, 'cookies', 'cookie');

  /** What the browser is to be given instead of `line`; null: nothing. */
  function judged(line: string, writer: Writer, write: (line: string) => void): string | null {
    const cookie = parseCookieWrite(line, engine.now());
    const { name, domain, path, end } = cookie;
    const last = waiting.judge(name, keyOf(name, domain, path), end, writer, (writer) => put(line, writer, write));
    return last === false ? null : withEnd(cookie, last, engine.now());
  }

  function put(line: string, writer: Writer, write: (line: string) => void): void {
    const instead = judged(line, writer, write);
    if (instead !== null) write(instead);
  }

  // Pages read all of their cookies again and again: what was the same text under the same choice is the same answer.
  let [read, shown, choice] = ['', '', engine.choice];
  const hide = (text: string): string =>
    text.split('; ').filter((pair) => !pair || engine.judgeName('cookie', nameOfPair(pair), null).allowed).join('; ');

  guard(Document.prototype, 'cookie', {
    // Chromium notes every call on the stack for each cookie that is read.
    get: [(original) => {
      const native = uncurry(original);
      return function (this: Document) {
        const text = native(this);
        if (text !== read || engine.choice !== choice) {
          shown = quietly(() => hide(text)) ?? '';
          read = text;
          choice = engine.choice;
        }
        return shown;
      };
    }],
    set(self, args, pass) {
      const later = (line: string): void => pass(self.defaultView ? self : document, [line]); // its frame may be gone by then
      const instead = judged(text(args, 0), engine.writer, later);
      args[0] = instead;
      return instead === null ? () => {} : undefined;
    },
  });
  return { name: 'cookies', ...waiting };
};
