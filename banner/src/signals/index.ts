// Signals: standards by which a choice is told to others (standards.md 4). One file for each; which of them a site uses,
// and what grants each of their keys, is data (`signals` in its configuration). Every call is noted for debug() (SIG-05).
// Knows how to reach a vendor that is there, or will be; never makes one load.

import type { Answers } from '../choice';
import type { Configuration } from '../configuration';
import type { CreatePart } from '../parts';

/** Tells its vendor what holds: before any choice, where the vendor has a word for that, and after each. */
export type Signal = (tools: Tools) => (decided: boolean) => void;

export interface Tools {
  readonly site: Configuration;
  readonly settings: { readonly keys: { readonly [key: string]: readonly string[] }; readonly [name: string]: any };
  decisions(): Answers;
  states<T>(yes: T, no: T): { [key: string]: T }; // what holds for each key of the mapping
  push(queue: string, items: unknown[], called?: string, args?: unknown[]): void; // where the vendor documents a queue
  call(path: string, ...args: unknown[]): void; // now, or once the vendor is there
}

const MOST = 100; // calls that debug() shows, the latest
const page = window as any;

export default (members: { [name: string]: Signal }): CreatePart => ({ site, has, decisions }) => {
  const sent: object[] = [];
  let waiting: (() => boolean)[] = [];

  const quietly = (deed: () => void): void => {
    try {
      deed();
    } catch {} // what a vendor's function throws is no affair of the page's
  };
  const note = (signal: string, call: string, args: unknown[]): void => {
    sent.push({ signal, call, args });
    if (sent.length > MOST) sent.shift();
  };

  /** The vendor's queue, made if it is not there. A page that writes `dataLayer = […]` later is given ours first. */
  function queueOf(name: string): any {
    if (Object.hasOwn(page, name)) return page[name];
    let queue: any = [];
    const first = queue;
    Object.defineProperty(page, name, {
      configurable: true,
      enumerable: true,
      get: () => queue,
      set(next) {
        if (queue === first && next !== first && Array.isArray(next)) next.unshift(...first);
        queue = next;
      },
    });
    return queue;
  }

  const toolsOf = (signal: string): Tools => {
    const settings = site.signals[signal] as Tools['settings'];
    return {
      site,
      settings,
      decisions,
      states: (yes, no) => Object.fromEntries(Object.entries(settings.keys).map(([key, ids]) => [key, ids[0] && ids.every((id) => has(id)) ? yes : no])),
      push(queue, items, called = queue + '.push', args = items) {
        queueOf(queue).push(...items);
        note(signal, called, args);
      },
      call(path, ...args) {
        const attempt = (): boolean => {
          const names = path.split('.');
          const method = names.pop()!;
          const owner = names.reduce((object, name) => object?.[name], page);
          if (typeof owner?.[method] !== 'function') return false;
          note(signal, path, args);
          quietly(() => owner[method](...args));
          return true;
        };
        if (!attempt()) waiting.push(attempt);
      },
    };
  };

  const signals = Object.entries(members).map(([name, create]) => create(toolsOf(name)));
  const tell = (decided: boolean): void => {
    waiting = []; // what nobody was there to hear is out of date
    for (const signal of signals) quietly(() => signal(decided));
  };
  const again = (): void => {
    waiting = waiting.filter((attempt) => !attempt());
  };

  tell(false);
  // When a vendor may have appeared: with the markup, with a script, with what a choice released.
  for (const event of ['consent:ready', 'consent:change', 'load']) document.addEventListener(event, again, true);
  return { told: () => tell(true), report: () => ({ signals: [...sent] }) };
};
