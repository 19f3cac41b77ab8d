// The choice as it is kept: the first-party cookie `eu-consent` (KEEP-04), six calendar months from the answer and never
// longer for having been visited (KEEP-03). A mirror in localStorage says when it ran out once the cookie is gone.
// Whatever was tampered with is no choice at all.

import { type Answers, type Choice } from './choice';
import { nameOfPair } from './cookie-string';
import { endOf } from './lifetime';
import { bare, Clock, encode, parse, quietly } from './page';
import type { Store } from './store';

export const COOKIE = 'eu-consent';
const LONGEST = 4096;
const TOMORROW = 86400e3; // how wrong a clock may be before a choice made "in the future" is a forgery
const PURPOSE = /^[a-z][a-z0-9_]{0,39}$/;
const SERVICE = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export type Saved =
  | { state: 'none' }
  | { state: 'expired'; id: string }
  | { state: 'valid'; choice: Choice };

export interface SavedChoice {
  read(): Saved;
  write(choice: Choice): void;
  forget(): void;
}

export interface Jar {
  read(): string;
  write(cookie: string): void;
}

function answers(value: unknown, key: RegExp): Answers | null {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return null;
  const kept = bare<boolean>();
  for (const [id, answer] of Object.entries(value)) {
    if (typeof answer !== 'boolean' || !key.test(id)) return null;
    kept[id] = answer;
  }
  return kept;
}

/** Read the value of the cookie; null unless every part is what we would have written. */
export function parseChoice(text: string, now: number): Choice | null {
  const found = text.length <= LONGEST && quietly(() => parse(decodeURIComponent(text)));
  if (!found || typeof found !== 'object') return null;
  const { version, id, time } = found;
  const purposes = answers(found.purposes, PURPOSE);
  const services = found.services === undefined ? bare<boolean>() : answers(found.services, SERVICE);
  const sound =
    purposes && services && Number.isSafeInteger(version) && version > 0 &&
    typeof id === 'string' && ID.test(id) && typeof time === 'string' && TIME.test(time) && new Clock(time).getTime() <= now + TOMORROW;
  return sound ? { purposes, services, version, id, time } : null;
}

export function formatChoice({ purposes, services, version, id, time }: Choice): string {
  const some = Object.keys(services).length ? services : undefined;
  return encodeURIComponent(encode({ purposes, services: some, version, id, time }));
}

export function savedChoice(jar: Jar, store: Store, lifetime: string, secure: boolean, now: () => number): SavedChoice {
  const attributes = '; Path=/; SameSite=Lax' + (secure ? '; Secure' : '');
  const end = (choice: Choice): number => endOf(new Clock(choice.time).getTime(), lifetime);

  // A cookie of the same name may have been set on a parent domain: of several sound ones the newest answer counts.
  const newest = (): Choice | null =>
    jar
      .read()
      .split('; ')
      .filter((pair) => nameOfPair(pair) === COOKIE)
      .map((pair) => parseChoice(pair.slice(COOKIE.length + 1), now()))
      .reduce((best, one) => (one && (!best || one.time > best.time) ? one : best), null);

  const mirror = (): { id: string; end: number } | null => {
    const found = quietly(() => parse(store.get(COOKIE) || 'null'));
    return found && typeof found.id === 'string' && ID.test(found.id) && typeof found.end === 'number' ? found : null;
  };

  return {
    read() {
      const choice = newest();
      if (choice) return end(choice) > now() ? { state: 'valid', choice } : { state: 'expired', id: choice.id };
      const seen = mirror();
      return seen && seen.end <= now() ? { state: 'expired', id: seen.id } : { state: 'none' };
    },
    write(choice) {
      const seconds = Math.floor((end(choice) - now()) / 1000);
      jar.write(COOKIE + '=' + formatChoice(choice) + attributes + '; Max-Age=' + seconds);
      store.set(COOKIE, encode({ id: choice.id, end: end(choice) }));
    },
    forget() {
      jar.write(COOKIE + '=' + attributes + '; Max-Age=0');
      store.remove(COOKIE);
    },
  };
}
