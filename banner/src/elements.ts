// Elements that load what an attribute names (script, img, iframe …): attributes that may not load yet are held, which
// means the browser never sees them; the page still reads back what it set. A gate says which elements and attributes
// are its own; here are the doors they share: property setters, setAttribute, and insertion.

import { getAttribute, inOrder, isTagged, removeAttribute, setAttribute, within } from './dom';
import type { Elements, Engine, HoldListener } from './gates/gate';
import { type Guard, guard, guardMethod, quietly, resolve } from './page';

const MOST_HELD = 1000; // a page that fires a pixel every second must not fill the memory

const urlsIn = (attribute: string, value: string): string[] =>
  attribute === 'srcset' ? value.split(/,\s+|,(?=\S+:)/).map((one) => one.trim().split(/\s/)[0]!) : [value];

export function createElements(engine: Engine): Elements {
  const guarded = new Map<string, { attributes: string[]; listener: HoldListener }>();
  const held = new Map<Element, Map<string, unknown>>();
  const nothing = (): void => {};

  const ruleOf = ({ localName }: Element) => guarded.get(localName);
  const blocked = (element: Element, attribute: string, value: unknown): boolean =>
    urlsIn(attribute, '' + value).some((url) => !engine.judgeElement(element, url).allowed);

  function hold(element: Element, attribute: string, value: unknown): void {
    if (held.size >= MOST_HELD) held.delete(held.keys().next().value!);
    removeAttribute(element, attribute);
    engine.told(element.localName, '' + value, engine.judgeElement(element, '' + value));
    held.set(element, (held.get(element) || new Map()).set(attribute, value));
    ruleOf(element)!.listener.hold?.(element);
  }

  function drop(element: Element, attribute: string): void {
    const values = held.get(element);
    if (!values?.delete(attribute) || values.size) return;
    held.delete(element);
    ruleOf(element)!.listener.release?.(element);
  }

  /** The page sets an attribute: what to do instead when it is held. */
  function caught(element: Element, attribute: string, value: unknown): typeof nothing | void {
    if (!ruleOf(element)?.attributes.includes(attribute)) return;
    if (!blocked(element, attribute, value)) return drop(element, attribute);
    hold(element, attribute, value);
    return nothing;
  }

  const elements: Elements = {
    guard(tag, prototype, attributes, listener = {}) {
      guarded.set(tag, { attributes, listener });
      for (const attribute of attributes) {
        guard(prototype, attribute, {
          set: (element, [value]) => caught(element, attribute, value),
          get: (element) => {
            const value = held.get(element)?.get(attribute);
            return value === undefined ? undefined : () => (attribute === 'src' && quietly(() => resolve(value).href)) || value;
          },
        });
      }
    },

    inspect(element) {
      for (const attribute of ruleOf(element)?.attributes || []) {
        const present = getAttribute(element, attribute);
        const value = present || (isTagged(element) && getAttribute(element, 'data-' + attribute)) || null;
        if (value === null || held.get(element)?.has(attribute)) continue;
        if (blocked(element, attribute, value)) hold(element, attribute, value);
        else if (!present) setAttribute(element, attribute, value);
      }
      return held.has(element);
    },

    inspectAll: (root) => within(root, [...guarded.keys()].join()).forEach(elements.inspect),

    heldUrl(element) {
      const value = held.get(element)?.get('src');
      return value === undefined ? null : '' + value;
    },

    release(tag) {
      for (const element of elements.held(tag)) {
        for (const [attribute, value] of [...held.get(element)!]) {
          if (blocked(element, attribute, value)) continue;
          drop(element, attribute);
          // The value itself, not its text: under Trusted Types it may be an object that alone may be set.
          quietly(() => setAttribute(element, attribute, value));
        }
      }
    },

    held: (tag) => inOrder([...held.keys()].filter(({ localName }) => localName === tag)),
    urls: (tag) => elements.held(tag).map((element) => elements.heldUrl(element) || ''),
  };

  const { prototype } = Element;
  guardMethod(prototype, 'setAttribute', (element, [name, value]) => caught(element, ('' + name).toLowerCase(), value));
  guardMethod(prototype, 'setAttributeNS', (element, [space, name, value]) => (space ? undefined : caught(element, '' + name, value)));
  guardMethod(prototype, 'removeAttribute', (element, [name]) => drop(element, ('' + name).toLowerCase()));

  // What comes from a clone, a template or another document carries its attributes already: look before it goes in.
  const look: Guard = (_, nodes) => {
    for (const node of nodes) if (node && typeof node === 'object' && !node.isConnected) elements.inspectAll(node);
  };
  for (const { prototype } of [Node, Element, Document, DocumentFragment, CharacterData, DocumentType]) {
    for (const name of [
      'appendChild', 'insertBefore', 'replaceChild',
      'append', 'prepend', 'before', 'after', 'replaceWith', 'replaceChildren', 'insertAdjacentElement', 'moveBefore',
    ]) guardMethod(prototype, name, look);
  }
  return elements;
}
