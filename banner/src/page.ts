// The page's own functions, as they were before any page script could change them, and the one way we wrap them.
// Everything here is private: nothing on `window` leads back to an original.
// Literals handed to the platform carry `__proto__: null`, because a page may have put `get` or `signal` on
// Object.prototype (it happens), and a property descriptor would inherit it.

export const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
export const { stringify, parse } = JSON;
export const { Proxy: ProxyOf, Date: Clock, Error: Failure, MutationObserver: Observer, URL: Address } = globalThis;

export type Method = (...args: any[]) => any;
/** Asked before a call of the page's. Answers with what to do instead, or with nothing to let the call pass; `pass` is
 * the original, to be called with an object and a list of arguments. */
export type Guard = (self: any, args: any[], pass: (self: any, args: any[]) => any) => (() => unknown) | void;

/** A dictionary that inherits nothing: keys in it are data. */
export const bare = <T = any>(from?: object): { [key: string]: T } => Object.assign(Object.create(null), from);

const { call } = Function.prototype;
/** `Element.prototype.setAttribute` becomes `(element, name, value) => …`, whatever the page does to it later. */
export const uncurry = (original: any): Method => call.bind(original);

/** Methods of one of the platform's classes, uncurried; the class is missing only where tests run. */
export const originals = (type: string, ...names: string[]): Method[] =>
  names.map((name) => uncurry((globalThis as any)[type]?.prototype[name]));

/** The original getter and setter of a platform property, to be called with the object. */
export function accessor(owner: object, name: string): { read: (self: any) => any; write: (self: any, value: any) => void } {
  const { get, set } = getOwnPropertyDescriptor(owner, name)!;
  return { read: uncurry(get), write: uncurry(set) };
}

/** Run something of ours, or of the page's, that must never throw into what called us. */
export function quietly<T>(deed: () => T): T | undefined {
  try {
    return deed();
  } catch {
    return undefined;
  }
}

/** Put guards before a method (`value`), or before the getter and the setter, of `owner[name]` when the browser has it.
 * What takes their place looks native (name, length, toString); when a guard throws, the call passes as if it were not
 * there. */
export function guard(owner: any, name: string, guards: { value?: Guard; get?: Guard; set?: Guard }): void {
  const found: any = owner && getOwnPropertyDescriptor(owner, name);
  if (!found) return;
  for (const [part, before] of Object.entries(guards)) {
    found[part] &&= new ProxyOf(found[part], bare({
      apply(target: Method, self: unknown, args: any[]) {
        const pass = (its: unknown, given: any[]): any => apply(target, its, given);
        const instead = quietly(() => before(self, args, pass));
        return instead ? instead() : pass(self, args);
      },
    }));
  }
  defineProperty(owner, name, bare(found) as PropertyDescriptor);
}

export const guardMethod = (owner: any, name: string, value: Guard): void => guard(owner, name, { value });

/** JSON without `toJSON`: old libraries put one on Array.prototype and turn every list into a string. */
export function encode(value: any): string {
  if (Array.isArray(value)) return '[' + value.map(encode).join() + ']';
  if (!value || typeof value !== 'object') return stringify(value ?? null);
  const fields = Object.keys(value).filter((key) => value[key] !== undefined);
  return '{' + fields.map((key) => stringify(key) + ':' + encode(value[key])).join() + '}';
}

// `document.baseURI` may be <img name="baseURI">: the document's own properties are read where no name can stand.
const documents = globalThis.document && { base: accessor(Node.prototype, 'baseURI'), state: accessor(Document.prototype, 'readyState') };
/** An address as the document would resolve it; throws when it is none. */
export const resolve = (url: unknown): URL => new Address(url as string, documents.base.read(document));
export const isParsing = (): boolean => documents.state.read(document) === 'loading';
export const isComplete = (): boolean => documents.state.read(document) === 'complete';

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
