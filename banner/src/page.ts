// The page's own functions, as they were before any page script could change them, and the one way we wrap them.
// Everything here is private: nothing on `window` leads back to an original.
// Literals handed to the platform carry `__proto__: null`, because a page may have put `get` or `signal` on
// Object.prototype (it happens), and a property descriptor would inherit it.

export const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
export const { stringify, parse } = JSON;
export const { Proxy: ProxyOf, Date: Clock, Error: Failure, MutationObserver: Observer, URL: Address } = globalThis;

export type Method = (...args: any[]) => any;
type Guard = (self: any, args: any[]) => (() => unknown) | void;

/** A dictionary that inherits nothing: keys in it are data. */
export const bare = <T>(from?: object): { [key: string]: T } => Object.assign(Object.create(null), from);

/** What a property of the platform was; undefined where the browser has no such thing. */
export const method = (owner: any, name: string): Method => {
  const original = owner?.[name];
  return function (this: unknown) {
    return apply(original, this, arguments);
  };
};

/** The original getter and setter of a platform property, to be called with the object. */
export function accessor(owner: object, name: string): { read: (self: any) => any; write: (self: any, value: any) => void } {
  const { get, set } = getOwnPropertyDescriptor(owner, name)!;
  return { read: (self) => apply(get!, self, []), write: (self, value) => apply(set!, self, [value]) };
}

/** `Element.prototype.setAttribute` becomes `(element, name, value) => …`, whatever the page does to it later. */
export const uncurry = (original: Method | undefined): Method => (self, ...args) => apply(original!, self, args);

/** Run something of ours, or of the page's, that must never throw into what called us. */
export function quietly<T>(deed: () => T): T | undefined {
  try {
    return deed();
  } catch {
    return undefined;
  }
}

/** A function that looks native (name, length, toString) and asks `before` first. `before` answers with what to do
 * instead, or nothing to let the call pass; when it throws, the call passes as if we were not there. */
export const around = (original: Method, before: Guard): any =>
  new ProxyOf(original, {
    __proto__: null,
    apply: (target: Method, self: unknown, args: any[]) => {
      const instead = quietly(() => before(self, args));
      return instead ? instead() : apply(target, self, args);
    },
  } as ProxyHandler<Method>);

/** Put a guard before `owner[name]`, when the browser has it. */
export function guardMethod(owner: any, name: string, before: Guard): void {
  const found = owner && getOwnPropertyDescriptor(owner, name);
  if (found && typeof found.value === 'function') {
    defineProperty(owner, name, bare({ ...found, value: around(found.value, before) }) as PropertyDescriptor);
  }
}

/** Put guards before the getter and the setter of `owner[name]`, when the browser has them. */
export function guardAccessor(owner: any, name: string, guards: { get?: Guard; set?: Guard }): void {
  const found = owner && getOwnPropertyDescriptor(owner, name);
  if (!found?.get) return;
  const get = guards.get ? around(found.get, guards.get) : found.get;
  const set = guards.set && found.set ? around(found.set, guards.set) : found.set;
  defineProperty(owner, name, bare({ ...found, get, set }) as PropertyDescriptor);
}

/** JSON without `toJSON`: old libraries put one on Array.prototype and turn every list into a string. */
export function encode(value: unknown): string {
  if (Array.isArray(value)) return '[' + value.map(encode).join() + ']';
  if (!value || typeof value !== 'object') return stringify(value === undefined ? null : value);
  const fields = Object.keys(value).filter((key) => (value as any)[key] !== undefined);
  return '{' + fields.map((key) => stringify(key) + ':' + encode((value as any)[key])).join() + '}';
}

// `document.baseURI` may be <img name="baseURI">: the document's own properties are read where no name can stand.
const documents = globalThis.document && { base: accessor(Node.prototype, 'baseURI'), state: accessor(Document.prototype, 'readyState') };
export const baseUri = (): string => documents.base.read(document);
export const isParsing = (): boolean => documents.state.read(document) === 'loading';
export const isComplete = (): boolean => documents.state.read(document) === 'complete';

/** A random UUID (RFC 9562, version 4), also on plain http where randomUUID is missing. */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 15) | 64;
  bytes[8] = (bytes[8]! & 63) | 128;
  const hex = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
