// Requests that scripts make, by whatever door. WebRTC is left alone: its servers are not addresses that rules name.

import { accessor, apply, bare, defineProperty, guard, guardMethod, quietly, text } from '../page';
import { failed, failure, soon, tell } from '../refusal';
import type { CreateGate } from './gate';

const platform = globalThis as any;

/** Methods: the class they are of, which argument is the address, and what a refused caller gets. */
const METHODS: [type: string, name: string, at: number, answer: () => unknown][] = [
  ['', 'fetch', 0, failure],
  ['', 'fetchLater', 0, () => ({ activated: false })],
  ['Navigator', 'sendBeacon', 0, () => true],
  ['ServiceWorkerContainer', 'register', 0, failure],
  ['Worklet', 'addModule', 0, failure],
  ['Cache', 'add', 0, failure],
  ['Cache', 'addAll', 0, failure],
  ['Cache', 'put', 0, failure],
  ['BackgroundFetchManager', 'fetch', 1, failure],
];

/** Classes that connect when they are made: what a refused one holds, and the events that tell. */
const CLASSES: [name: string, known: (url: string) => object, ...events: string[]][] = [
  ['EventSource', (url) => ({ 'url': url, readyState: 2 }), 'error'],
  ['WebSocket', (url) => ({ 'url': url, readyState: 3 }), 'error', 'close'],
  ['WebTransport', () => ({ ready: quiet(), 'closed': quiet(), draining: quiet() })],
  ['WebSocketStream', (url) => ({ 'url': url, 'opened': quiet(), 'closed': quiet() })],
];
/** A failure that nobody has to catch. */
const quiet = (): Promise<never> => {
  const failing = failure();
  failing.catch(() => {});
  return failing;
};

export const requests: CreateGate = (engine) => {
  const { read: urlOf } = accessor(Request.prototype, 'url');

  const refused = (args: any[], at: number): boolean =>
    at < args.length &&
    // A Request says where it goes in a slot that nobody can fake; a list (of Cache.addAll) is looked through.
    (Array.isArray(args[at]) ? args[at].map((_, i) => [args[at], i] as const) : [[args, at] as const]).some(([list, i]) => {
      const url = (typeof list[i] === 'object' && quietly(() => urlOf(list[i]))) || text(list, i);
      const verdict = engine.judgeUrl(url);
      engine.told('requests', url, verdict);
      return !verdict.allowed;
    });

  for (const [type, name, at, answer] of METHODS) {
    guardMethod(type ? platform[type]?.prototype : window, name, (_, args) => (refused(args, at) ? answer : undefined));
  }
  for (const [name, known, ...events] of CLASSES) {
    guard(window, name, { construct: (made, args) => (refused(args, 0) ? () => failed(made.prototype, known('' + args[0]), ...events) : undefined) });
  }
  // An element that loads without an attribute being set: made empty, then given its source by the door that is watched.
  guard(window, 'Audio', { construct: (made, args, pass) => (args[0] === undefined || !refused(args, 0) ? undefined : () => Object.assign(pass(made, []), { src: args[0] })) });

  // XMLHttpRequest fails when it is sent, as it would without a network. Its readyState is its own meanwhile.
  const dead = new WeakMap<XMLHttpRequest, boolean>(); // → asynchronous
  guardMethod(XMLHttpRequest.prototype, 'open', (self, args) => {
    if (dead.delete(self)) delete self.readyState;
    if (refused(args, 1)) dead.set(self, args.length < 3 || !!args[2]);
  });
  guardMethod(XMLHttpRequest.prototype, 'send', (self) => {
    if (!dead.has(self)) return;
    return () => {
      if (!dead.get(self)) throw new DOMException('Failed to load', 'NetworkError');
      soon(() => {
        if (!dead.has(self)) return; // opened again
        defineProperty(self, 'readyState', bare({ value: 4, configurable: true }) as PropertyDescriptor);
        tell(self, 'readystatechange', 'error', 'loadend');
      });
    };
  });
  return { name: 'requests' };
};
