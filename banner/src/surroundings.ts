// Where we are: what our own tag says, the device's cookie jar and storages, the clock. Taken before the gates shut.

import { accessor, Clock, quietly, resolve } from './page';
import type { Jar } from './saved-choice';
import { openStore } from './store';

export function look(tag: HTMLScriptElement | null) {
  const own = tag?.src || location.href;
  const cookie = accessor(Document.prototype, 'cookie');
  const jar: Jar = {
    read: () => quietly(() => cookie.read(document)) || '', // throws in a sandboxed frame
    write: (text) => void quietly(() => cookie.write(document, text)),
  };
  return {
    own,
    base: resolve((tag?.getAttribute('data-consent-server') || own.replace(/[^/]*([?#].*)?$/, '')).replace(/\/?$/, '/')).href, // …/v1/sites/KEY/
    nonce: tag?.nonce || '',
    jar,
    stores: { localStorage: openStore('localStorage'), sessionStorage: openStore('sessionStorage') },
    now: (): number => +new Clock(),
    fetch: fetch.bind(window),
    later: setTimeout.bind(window),
  };
}
