// What a refusal looks like: a network that is down, which every caller has to expect anyway. Never an exception that
// the platform would not throw.

import { apply, bare, defineProperty, dispatch, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, quietly } from './page';

const Target = globalThis.EventTarget;

/** Once the caller had time to add listeners. */
export const soon = (deed: () => void): unknown => later(() => quietly(deed));
const later = globalThis.setTimeout;

export const failure = async (): Promise<never> => {
  throw new TypeError('Failed to fetch');
};

/** Say it to listeners and to `on…` handlers. */
export function tell(target: any, ...events: string[]): void {
  for (const type of events) {
    const event = type === 'close' ? new CloseEvent(type, bare({ code: 1006 })) : new Event(type);
    // On what stands in for an object `on…` is a plain property: the platform does not know of it.
    const handler = getOwnPropertyDescriptor(target, 'on' + type)?.value;
    if (handler) quietly(() => apply(handler, target, [event]));
    dispatch(target, event);
  }
}

/** What stands in for an object of the platform's that could not connect: an instance of its class by every test, whose
 * methods do nothing and whose properties hold what they are given. */
export function failed(prototype: any, known: object, ...events: string[]): any {
  const dead: any = new Target();
  for (let owner = prototype; owner && owner !== Target.prototype && owner !== Object.prototype; owner = getPrototypeOf(owner)) {
    for (const name of ownKeys(owner)) {
      const { value, get } = getOwnPropertyDescriptor(owner, name)!;
      const stand = get ? null : name !== 'constructor' && typeof value === 'function' && (() => {});
      if (stand !== false) defineProperty(dead, name, bare({ value: stand, writable: true, configurable: true }) as PropertyDescriptor);
    }
  }
  Object.setPrototypeOf(dead, prototype);
  soon(() => tell(dead, ...events));
  return Object.assign(dead, known);
}
