// Elements that load what an attribute names (script, img, iframe …): attributes that may not load yet are held, which
// means the browser never sees them; the page still reads back what it set. A gate says which elements and attributes
// are its own; here are the doors they share: property setters, setAttribute, and insertion.

import type { Elements, Engine, HoldListener } from './gates/gate';
import { Address, baseUri, getOwnPropertyDescriptor, guardAccessor, guardMethod, quietly, uncurry } from './page';

const MOST_HELD = 1000; // a page that fires a pixel every second must not fill the memory

export const dom = {
  get: uncurry(globalThis.Element?.prototype.getAttribute),
  set: uncurry(globalThis.Element?.prototype.setAttribute),
  remove: uncurry(globalThis.Element?.prototype.removeAttribute),
  find: uncurry(globalThis.Element?.prototype.querySelectorAll),
  insertBefore: uncurry(globalThis.Node?.prototype.insertBefore),
  replaceChild: uncurry(globalThis.Node?.prototype.replaceChild),
  removeChild: uncurry(globalThis.Node?.prototype.removeChild),
  create: uncurry(globalThis.Document?.prototype.createElement),
  position: uncurry(globalThis.Node?.prototype.compareDocumentPosition),
};

/** In document order; what is not in the document keeps the order it came in. */
export const inOrder = <T extends Node>(nodes: Iterable<T>): T[] =>
  [...nodes].sort((a, b) => (a.isConnected && b.isConnected ? (dom.position(a, b) & 4 ? -1 : 1) : 0));

const URLS = (attribute: string, value: string): string[] =>
  attribute.endsWith('srcset') ? value.split(/,\s+|,(?=\S+:)/).map((one) => one.trim().split(/\s/)[0]!) : [value];

export function createElements(engine: Engine): Elements {
  const guarded = new Map<string, { attributes: string[]; listener: HoldListener }>();
  const held = new Map<Element, Map<string, unknown>>();
  let selector = '';

  const blocked = (element: Element, attribute: string, value: unknown): boolean =>
    URLS(attribute, '' + value).some((url) => !engine.judgeElement(element, url).allowed);

  function hold(element: Element, attribute: string, value: unknown): void {
    if (held.size >= MOST_HELD) held.delete(held.keys().next().value!);
    engine.refused(element.localName, '' + value, engine.judgeElement(element, '' + value).service);
    held.set(element, (held.get(element) || new Map()).set(attribute, value));
    guarded.get(element.localName)?.listener.hold?.(element);
  }

  function drop(element: Element, attribute: string): void {
    const values = held.get(element);
    if (!values?.delete(attribute) || values.size) return;
    held.delete(element);
    guarded.get(element.localName)?.listener.release?.(element);
  }

  /** The page sets an attribute: true when it is held instead. */
  function caught(element: Element, attribute: string, value: unknown): boolean {
    if (!guarded.get(element.localName)?.attributes.includes(attribute)) return false;
    if (!blocked(element, attribute, value)) return drop(element, attribute), false;
    dom.remove(element, attribute);
    hold(element, attribute, value);
    return true;
  }

  const nothing = (): void => undefined;

  const elements: Elements = {
    guard(tag, prototype, attributes, listener = {}) {
      guarded.set(tag, { attributes, listener });
      selector = [...guarded.keys()].join();
      for (const attribute of prototype ? attributes : []) {
        guardAccessor(prototype, attribute, {
          set: (element, [value]) => (caught(element, attribute, value) ? nothing : undefined),
          get: (element) => {
            const value = held.get(element)?.get(attribute);
            if (value === undefined) return;
            return () => (attribute === 'src' ? quietly(() => new Address('' + value, baseUri()).href) ?? value : value);
          },
        });
      }
    },

    inspect(element) {
      const rule = guarded.get(element.localName);
      for (const attribute of rule ? rule.attributes : []) {
        const present = dom.get(element, attribute);
        const tagged = dom.get(element, 'data-consent') !== null || dom.get(element, 'data-consent-service') !== null;
        const value = present || (tagged && dom.get(element, 'data-' + attribute)) || null;
        if (value === null || held.get(element)?.has(attribute)) continue;
        if (blocked(element, attribute, value)) {
          if (present !== null) dom.remove(element, attribute);
          hold(element, attribute, value);
        } else if (!present) dom.set(element, attribute, value);
      }
      return held.has(element);
    },

    inspectAll(root) {
      if (root.nodeType === 1) elements.inspect(root as Element);
      if (root.nodeType === 11 || (root.nodeType === 1 && root.firstChild)) {
        for (const element of querySelectorAll(root, selector)) elements.inspect(element);
      }
    },

    heldUrl: (element) => {
      const value = held.get(element)?.get('src');
      return value === undefined ? null : '' + value;
    },

    release(tag) {
      for (const element of elements.held(tag)) {
        for (const [attribute, value] of [...held.get(element)!]) {
          if (blocked(element, attribute, value)) continue;
          drop(element, attribute);
          // The value itself, not its text: under Trusted Types it may be an object that alone may be set.
          quietly(() => dom.set(element, attribute, value));
        }
      }
    },

    held: (tag) => inOrder([...held.keys()].filter((element) => element.localName === tag)),
  };

  guardMethod(Element.prototype, 'setAttribute', (element, [name, value]) =>
    caught(element, ('' + name).toLowerCase(), value) ? nothing : undefined,
  );
  guardMethod(Element.prototype, 'setAttributeNS', (element, [space, name, value]) =>
    !space && caught(element, '' + name, value) ? nothing : undefined,
  );
  guardMethod(Element.prototype, 'removeAttribute', (element, [name]) => void drop(element, ('' + name).toLowerCase()));

  // What comes from a clone, a template or another document carries its attributes already: look before it goes in.
  const before = (_: unknown, nodes: any[]): void => {
    for (const node of nodes) if (node && typeof node === 'object' && !node.isConnected) elements.inspectAll(node);
  };
  for (const name of ['appendChild', 'insertBefore', 'replaceChild']) guardMethod(Node.prototype, name, before);
  for (const owner of [Element, Document, DocumentFragment, CharacterData, DocumentType]) {
    for (const name of ['append', 'prepend', 'before', 'after', 'replaceWith', 'replaceChildren', 'insertAdjacentElement', 'moveBefore']) {
      if (getOwnPropertyDescriptor(owner.prototype, name)) guardMethod(owner.prototype, name, before);
    }
  }
  return elements;
}

const inElement = uncurry(globalThis.Element?.prototype.querySelectorAll);
const inFragment = uncurry(globalThis.DocumentFragment?.prototype.querySelectorAll);
const querySelectorAll = (root: Node, selector: string): Iterable<Element> =>
  (root.nodeType === 1 ? inElement : inFragment)(root, selector) as any;
