// Records on their way to the server: kept on the device before they are sent, gone only when the server has them.
// A record carries the id the browser gave it, so that sending it twice (retries, several tabs) does no harm.

import { bare, Clock, encode, quietly } from './page';
import { readJson, type Store } from './store';

const KEY = 'eu-consent-outbox';
const RECEIPT = 'eu-consent-receipt';
const DAY = 86400e3;
const FIRST_WAIT = 2e3;
const LONGEST_WAIT = 300e3;

interface Waiting {
  readonly id: string;
  readonly body: string;
  readonly since: number;
  readonly not_before?: number;
}

export interface OutboxParts {
  readonly url: string;
  readonly store: Store;
  readonly lifetime: number; // ms: how long a record that the server refuses is worth keeping
  readonly now: () => number;
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>;
  readonly later: (deed: () => void, ms: number) => unknown;
}

export interface Outbox {
  post(id: string, record: object): void; // kept, instead of what was kept for it
  send(): Promise<void>; // settled when all of them were tried
  receipt(): unknown;
}

/** Seconds, from seconds or from an HTTP date; 0 when neither. */
const retryAfter = (text: string, now: number): number => +text || Math.max(0, (Clock.parse(text) - now) / 1000) || 0;

export function createOutbox({ url, store, lifetime, now, fetch, later }: OutboxParts): Outbox {
  let sending = false;
  let stopped = false; // 404, 410: this site is not there, ask again on the next page
  let wait = FIRST_WAIT;

  const load = (): Waiting[] => {
    const found = readJson(store, KEY);
    return Array.isArray(found)
      ? found.filter((one) => one && typeof one.id === 'string' && typeof one.body === 'string' && one.since > now() - lifetime)
      : [];
  };
  // Read again before each write: another tab may have sent or added something meanwhile.
  const update = (id: string, instead: Waiting | null): void => {
    const others = load().filter((one) => one.id !== id);
    store.set(KEY, encode(instead ? [...others, instead] : others));
  };

  const due = (): Waiting | undefined => load().find((one) => !(one.not_before! > now()));

  const options = (body: string): RequestInit =>
    bare<unknown>({
      method: 'POST',
      body,
      keepalive: true, // survives the reload after a withdrawal
      credentials: 'omit',
      headers: bare({ 'Content-Type': 'text/plain' }), // no preflight
    });

  /** Throws when it has to be tried again: the network was away, or the server for a while. */
  async function deliver(one: Waiting): Promise<void> {
    const answer = await fetch(url, options(one.body));
    if (answer.ok) {
      update(one.id, null);
      wait = FIRST_WAIT;
      const receipt = await answer.text().catch(() => '');
      if (receipt) store.set(RECEIPT, receipt);
    } else if (/404|410/.test('' + answer.status)) {
      stopped = true;
    } else if (/^4(?!08|25|29)/.test('' + answer.status)) {
      update(one.id, { ...one, not_before: now() + DAY });
    } else {
      throw answer;
    }
  }

  async function send(): Promise<void> {
    if (sending || stopped) return;
    sending = true;
    try {
      for (let one = due(); one && !stopped; one = due()) await deliver(one);
    } catch (answer) {
      const seconds = quietly(() => retryAfter((answer as Response).headers.get('Retry-After') || '', now()));
      later(send, seconds! > 0 ? Math.min(seconds! * 1000, DAY) : wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
    sending = false;
  }

  return {
    post: (id, record) => update(id, { id, body: encode(record), since: now() }),
    send,
    receipt: () => readJson(store, RECEIPT) ?? null,
  };
}
