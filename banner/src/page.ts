// The page's own functions, as they were before any page script could change them, and the one way we wrap them.
// Everything here is private: nothing on `window` leads back to an original.
// Literals handed to the platform carry `__proto__: null`, because a page may have put `get` or `signal` on
// Object.prototype (it happens), and a property descriptor would inherit it.

// A page of the same origin that holds our window, or opened it, has put its guards here: it takes them away again, and
// what we keep below is the platform's.
export const HELLO = 'consent:hello';
globalThis.window?.dispatchEvent(new Event(HELLO));

export const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, set: assignTo } = Reflect;
export const { stringify, parse } = JSON;
export const { 'now': now } = Date; // quoted: the build shortens this name
export const { Proxy: ProxyOf, Date: Clock, Error: Failure, MutationObserver: Observer, URL: Address } = globalThis;

import { soundly } from './sound';

export type Method = (...args: any[]) => any;
/** Asked before a call of the page's. Answers with what to do instead, or with nothing to let the call pass; `pass` is
 * the original, to be called with an object and a list of arguments. */
export type Guard = (self: any, args: any[], pass: (self: any, args: any[]) => any) => (() => unknown) | void;

/** A dictionary that inherits nothing: keys in it are data. */
export const bare = <T = any>(from?: object): { [key: string]: T } => Object.assign(Object.create(null), from);

const soon = globalThis.queueMicrotask;
let running: object | undefined;
/** The same object until the code that runs has come to its end. */
export const turn = (): object => (running ||= (soon(() => void (running = undefined)), {}));

const { bind, call } = Function.prototype;
const bound = call.bind(bind);
/** `Element.prototype.setAttribute` becomes `(element, name, value) => …`, whatever the page does to it later. */
export const uncurry = (original: any): Method => bound(call, original) as any;

/** Methods of one of the platform's classes, uncurried; the class is missing only where tests run. */
export const originals = (type: string, ...names: string[]): Method[] =>
  names.map((name) => uncurry((globalThis as any)[type]?.prototype[name]));

/** The same for properties that can only be read: `document.baseURI` may be an <img name="baseURI">. */
export const readers = (type: string, ...names: string[]): Method[] =>
  names.map((name) => uncurry(getOwnPropertyDescriptor((globalThis as any)[type]?.prototype ?? {}, name)?.get));

export const [listen, unlisten, dispatch] = originals('EventTarget', 'addEventListener', 'removeEventListener', 'dispatchEvent') as [Method, Method, Method];

/** The original getter and setter of a platform property, to be called with the object. */
export function accessor(owner: object, name: string): { read: (self: any) => any; write: (self: any, value: any) => void } {
  const { get, set } = getOwnPropertyDescriptor(owner, name)!;
  return { read: uncurry(get), write: uncurry(set) };
}

/** Run something of ours, or of the page's, that must never throw into what called us. */
export function quietly<T>(deed: () => T): T | undefined {
  try {
    return soundly(deed);
  } catch {
    return undefined;
  }
}

/** The page's argument as the platform will read it: an object may say something else when it is asked again, unless it
 * is one of the platform's own (Trusted Types). What it throws is the caller's to hear. */
export function text(args: any[], at: number): string {
  const given = args[at];
  if (typeof given === 'string' || isTrusted(given)) return '' + given;
  foreign = true;
  const said = '' + given;
  foreign = false;
  if (at < args.length) args[at] = said;
  return said;
}
let foreign = false; // the page's code is running inside ours

const trusted = ['TrustedScriptURL', 'TrustedHTML', 'TrustedScript'].flatMap((type) => ((globalThis as any)[type] ? originals(type, 'toString') : []));
const isTrusted = (given: unknown): boolean => typeof given === 'object' && trusted.some((read) => quietly(() => (read(given), true)));

const INSERTS = /^(append|prepend|before|after|insert|replace|move|surround|write|inner|outer|setHTML)/;
let inserted = (): void => {};
/** Something to do after each call that may have put elements into a document. */
export const afterInsertion = (deed: () => void): void => void (inserted = deed);

type Part = 'value' | 'get' | 'set' | 'construct';

/** A function in the place of the platform's, which looks like it (name, length, toString) and asks first. When the guard
 * throws, the call passes as if it were not there. */
function standIn(original: any, name: string, part: Part, before: Guard): any {
  const makes = part === 'construct'; // `self` is the class that was called with `new`, then
  const inserts = part !== 'get' && INSERTS.test(name);
  const pass = (self: any, args: any[]): any => (makes ? construct(original, args, self) : apply(original, self, args));
  const call = (self: any, args: any[]): any => {
    let instead;
    try {
      instead = soundly(before, self, args, pass);
    } catch (error) {
      if (foreign) {
        foreign = false;
        throw error;
      }
    }
    const result = instead ? soundly(instead) : pass(self, args);
    if (inserts) soundly(inserted);
    return result;
  };
  const traps = makes
    ? { __proto__: null, construct: (_: any, args: any[], made: any) => call(made, args) }
    : { __proto__: null, apply: (_: any, self: any, args: any[]) => call(self, args) };
  return new ProxyOf(original, traps as object);
}

/** Makes a function that takes an original's place all by itself, where every call on the stack costs. */
type Instead = [(original: Method) => Method];

/** Put guards before a method (`value`), a constructor, or before the getter and the setter, of `owner[name]` when the
 * browser has it; here, and in every realm that we shall meet. */
export function guard(owner: any, name: string, guards: { [part in Part]?: Guard | Instead }): void {
  if (!owner || !getOwnPropertyDescriptor(owner, name)) return;
  const tag = owner[Symbol.toStringTag];
  const hook = (owner: any): Undo => {
    const before = bare(getOwnPropertyDescriptor(owner, name));
    const found = bare(before);
    for (const [part, ask] of Object.entries(guards) as [Part, Guard | Instead][]) {
      const at = part === 'construct' ? 'value' : part;
      found[at] &&= typeof ask === 'function' ? standIn(found[at], name, part, ask) : ask[0](found[at]);
      if (at !== part) defineProperty(found.value.prototype, 'constructor', bare({ value: found.value, writable: true, configurable: true }) as PropertyDescriptor);
    }
    defineProperty(owner, name, found as PropertyDescriptor);
    return () => defineProperty(owner, name, before as PropertyDescriptor);
  };
  hook(owner);
  hooks.push((realm) => hook(owner === globalThis ? realm : tag ? realm[tag].prototype : realm[owner.name]));
}
type Undo = () => void;
const hooks: ((realm: any) => Undo)[] = [];

/** Guard another realm as this one is. */
export function guardRealm(realm: any): Undo {
  const undone = hooks.map((hook) => quietly(() => hook(realm)));
  return () => undone.forEach((undo) => undo?.());
}

export const guardMethod = (owner: any, name: string, value: Guard): void => guard(owner, name, { value });

/** Are we at work in this window? Not <a id="consent">. */
export const isOurs = (realm: Window): boolean => getOwnPropertyDescriptor(realm, 'consent')?.configurable === false;

/** JSON without `toJSON`: old libraries put one on Array.prototype and turn every list into a string. */
export function encode(value: any): string {
  if (Array.isArray(value)) return '[' + value.map(encode).join() + ']';
  if (!value || typeof value !== 'object') return stringify(value ?? null);
  const fields = Object.keys(value).filter((key) => value[key] !== undefined);
  return '{' + fields.map((key) => stringify(key) + ':' + encode(value[key])).join() + '}';
}

// `document.baseURI` may be <img name="baseURI">: the document's own properties are read where no name can stand.
export const [baseOf] = readers('Node', 'baseURI') as [Method];
const [state, bodyOf, rootOf, activeOf, visibilityOf] = readers('Document', 'readyState', 'body', 'documentElement', 'activeElement', 'visibilityState') as
  [Method, (of: Document) => HTMLElement | null, (of: Document) => HTMLElement, (of: Document) => Element | null, Method];
export { activeOf, bodyOf, rootOf, visibilityOf };
export const isParsing = (): boolean => state(document) === 'loading';
export const isComplete = (): boolean => state(document) === 'complete';

// Nor by getters that the page has put on URL.prototype.
const [protocolOf, originOf, hostnameOf, portOf, pathOf, queryOf, hrefOf] = readers('URL', 'protocol', 'origin', 'hostname', 'port', 'pathname', 'search', 'href') as Method[] as any[];
export type Parts = Pick<URL, 'protocol' | 'origin' | 'hostname' | 'port' | 'pathname' | 'search' | 'href'>;
/** An address as the document would resolve it; throws when it is none. */
export function resolve(text: unknown): Parts {
  const url = new Address(text as string, baseOf(document));
  return {
    protocol: protocolOf(url), origin: originOf(url), hostname: hostnameOf(url), port: portOf(url), pathname: pathOf(url), search: queryOf(url), href: hrefOf(url),
  };
}

/** Once the document is parsed: now, or when the parser is done. */
export function whenParsed(deed: () => void): void {
  if (isParsing()) document.addEventListener('DOMContentLoaded', deed, { once: true });
  else deed();
}

/** A random UUID (RFC 9562, version 4), also on plain http where crypto.randomUUID is missing. */
export const uuid = (): string =>
  '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );
