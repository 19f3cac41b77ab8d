// Where we are: what our own tag says, the device's cookie jar and storages, the clock. Taken before the gates shut.

import { accessor, isParsing, now, quietly, resolve } from './page';
import type { Jar } from './saved-choice';
import { openStore } from './store';

const UNSEEN = 100; // ms: nothing is drawn in a tab that nobody looks at

export function look(tag: HTMLScriptElement | null) {
  const own = tag?.src || location.href;
  const cookie = accessor(Document.prototype, 'cookie');
  const jar: Jar = {
    read: () => quietly(() => cookie.read(document)) || '', // throws in a sandboxed frame
    write: (text) => void quietly(() => cookie.write(document, text)),
  };
  const later = setTimeout.bind(window);
  const frame = requestAnimationFrame.bind(window);
  return {
    own,
    base: resolve((tag?.getAttribute('data-consent-server') || own.replace(/[^/]*([?#].*)?$/, '')).replace(/\/?$/, '/')).href, // …/v1/sites/KEY/
    nonce: tag?.nonce || '',
    jar,
    stores: { localStorage: openStore('localStorage'), sessionStorage: openStore('sessionStorage') },
    now,
    fetch: fetch.bind(window),
    later,
    /** Not while the parser is at work: what it has passed would be overtaken by what it meets next. */
    drawn(deed: () => void): void {
      if (isParsing()) return deed();
      const once = (): void => {
        deed();
        deed = () => {};
      };
      frame(() => later(once));
      later(once, UNSEEN);
    },
  };
}
