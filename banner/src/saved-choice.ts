// The choice as it is kept: the first-party cookie `eu-consent` (KEEP-04), six calendar months from the answer and never
// longer for having been visited (KEEP-03). A mirror in localStorage says when it ran out once the cookie is gone.
// Whatever was tampered with is no choice at all.

import { type Choice } from './choice';
import { nameOfPair } from './cookie-string';
import { endOf } from './lifetime';
import { bare, Clock, encode, parse, quietly } from './page';
import type { Store } from './store';

export const COOKIE = 'eu-consent';
const LONGEST = 4096;
const TOMORROW = 86400e3; // how wrong a clock may be before a choice made "in the future" is a forgery

// What we would have written, and nothing else: every key, every value, their order.
const ANSWERS = '\\{("[a-z0-9][a-z0-9_-]{0,62}":(true|false),?)*\\}';
const ID = '"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"';
const CHOICE = RegExp(`^\\{"purposes":${ANSWERS},("services":${ANSWERS},)?"version":[1-9]\\d{0,14},"id":${ID},"time":"\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}\\.\\d{3}Z"\\}$`);
const MIRROR = RegExp(`^\\{"id":${ID},"end":\\d{1,15}(,"gpc":true)?\\}$`);

export type Saved =
  | { state: 'none' }
  | { state: 'expired'; id: string }
  | { state: 'valid'; choice: Choice; controlled: boolean }; // made while the browser's privacy control was on;

export interface SavedChoice {
  read(): Saved;
  write(choice: Choice, controlled?: boolean): void;
  forget(): void;
}

export interface Jar {
  read(): string;
  write(cookie: string): void;
}

const parseAs = (shape: RegExp, text: string): any => quietly(() => (shape.test(text) ? parse(text) : null)) ?? null;

/** Read the value of the cookie; null unless every part is what we would have written. */
export function parseChoice(text: string, now: number): Choice | null {
  const found = text.length <= LONGEST ? parseAs(CHOICE, quietly(() => decodeURIComponent(text)) || '') : null;
  return found && +new Clock(found.time) <= now + TOMORROW
    ? { ...found, purposes: bare(found.purposes), services: bare(found.services) }
    : null;
}

export function formatChoice({ purposes, services, version, id, time }: Choice): string {
  const some = Object.keys(services)[0] ? services : undefined;
  return encodeURIComponent(encode({ purposes, services: some, version, id, time }));
}

export function savedChoice(jar: Jar, store: Store, lifetime: string, secure: boolean, now: () => number): SavedChoice {
  const put = (value: string, seconds: number): void =>
    jar.write(COOKIE + '=' + value + '; Path=/; SameSite=Lax' + (secure ? '; Secure' : '') + '; Max-Age=' + seconds);
  const end = ({ time }: Choice): number => endOf(+new Clock(time), lifetime);

  return {
    read() {
      // A cookie of the same name may have been set on a parent domain: of several sound ones the newest answer counts.
      const [choice] = jar
        .read()
        .split('; ')
        .filter((pair) => nameOfPair(pair) === COOKIE)
        .flatMap((pair) => parseChoice(pair.slice(COOKIE.length + 1), now()) || [])
        .sort((a, b) => (a.time < b.time ? 1 : -1));
      const mirror = parseAs(MIRROR, store.get(COOKIE) || '');
      const seen = choice ? { id: choice.id, end: end(choice) } : mirror;
      if (seen && seen.end <= now()) return { state: 'expired', id: seen.id };
      return choice ? { state: 'valid', choice, controlled: mirror?.id === choice.id && mirror.end === end(choice) && !!mirror.gpc } : { state: 'none' };
    },
    write(choice, controlled) {
      put(formatChoice(choice), Math.floor((end(choice) - now()) / 1000));
      store.set(COOKIE, encode({ id: choice.id, end: end(choice), gpc: controlled || undefined }));
    },
    forget() {
      put('', 0);
      store.remove(COOKIE);
    },
  };
}
