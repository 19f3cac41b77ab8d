// document.cookie: names that are not granted are neither written nor read; what is granted lives no longer than it may,
// counted from its first write (DUR-04, DUR-05). A refused write is kept and done when it is granted.

import { nameOfPair, parseCookieWrite, withEnd } from '../cookie-string';
import { keyOf } from '../first-writes';
import { accessor, guardAccessor } from '../page';
import type { Engine, Gate, Writer } from './gate';

export function cookies(): Gate {
  let engine: Engine;
  let write: (text: string) => void;
  const waiting = new Map<string, { text: string; writer: Writer }>();

  /** What the browser is to be given instead of `text`; null: nothing. */
  function judged(text: string, writer: Writer): string | null {
    const now = engine.now();
    const cookie = parseCookieWrite(text, now);
    const key = keyOf(cookie.name, cookie.domain, cookie.path);
    waiting.delete(key);
    if (cookie.end !== null && cookie.end <= now) return text; // a deletion passes
    const verdict = engine.judgeName('cookie', cookie.name, writer);
    if (!verdict.allowed) {
      const script = writer();
      waiting.set(key, { text, writer: () => script });
      engine.refused('cookies', cookie.name, verdict.service);
      return null;
    }
    if (cookie.end === null || verdict.lifetime === null) return text; // a session stays a session
    if (!verdict.lifetime) return withEnd(cookie, null, now);
    const last = engine.writes.end(key, verdict.lifetime, verdict.service?.id);
    return cookie.end > last ? withEnd(cookie, last, now) : text;
  }

  return {
    name: 'cookies',
    shut(its) {
      engine = its;
      const original = accessor(Document.prototype, 'cookie');
      write = (text) => original.write(document, text);
      guardAccessor(Document.prototype, 'cookie', {
        get: (self) => () =>
          (original.read(self) as string)
            .split('; ')
            .filter((pair) => !pair || engine.judgeName('cookie', nameOfPair(pair), null).allowed)
            .join('; '),
        set(self, args) {
          const instead = judged((args[0] = '' + args[0]), engine.writer);
          return () => (instead === null ? undefined : original.write(self, instead));
        },
      });
    },
    open() {
      for (const { text, writer } of [...waiting.values()]) {
        const instead = judged(text, writer);
        if (instead !== null) write(instead);
      }
    },
    held: () => [...waiting.keys()],
  };
}
