// Elements that load what an attribute names (script, img, iframe …): attributes that may not load yet are held, which
// means the browser never sees them; the page still reads back what it set. A gate says which elements and attributes
// are its own; here are the doors they share: property setters, setAttribute and its kin, cloning, and insertion.

import { urlsIn } from './asked';
import {
  firstChild, getAttribute, isConnected, isPlain, isTagged, localName, matches, nodeType, ownerDocument, parentNode, removeAttribute, setAttribute, shadowOf, within,
} from './dom';
import type { Elements, Engine, HoldListener, Verdict } from './gates/gate';
import { accessor, type Guard, guard, guardMethod, originals, quietly, readers, resolve, text } from './page';

const MOST_HELD = 1000; // a page that fires a pixel every second must not fill the memory
const XLINK = 'http://www.w3.org/1999/xlink';
const HELD = 'data-consent-held';
const PAGES = /^(iframe|frame|embed|object)$/;
const CODE = /^\s*(data|blob|javascript):/i; // a page within the address
const PURPOSE = /^(rel|http-equiv)$/; // says what the address beside it is for
const INSERTING = [
  'appendChild', 'insertBefore', 'replaceChild', 'append', 'prepend', 'before', 'after', 'replaceWith', 'replaceChildren',
  'insertAdjacentElement', 'moveBefore', 'insertNode', 'surroundContents', 'adoptNode',
];

/** What the page sets, once and for all: a text, or an object that alone is trusted. */
const heard = (args: any[], at: number): unknown => (text(args, at), args[at]);
const data = globalThis.document && accessor(CharacterData.prototype, 'data');
const [createAttribute] = originals('Document', 'createAttribute') as any[];
const [setAttributeNS] = originals('Element', 'setAttributeNS') as any[];
const [nameOf, valueOf, ownerOf, spaceOf, localOf] = readers('Attr', 'name', 'value', 'ownerElement', 'namespaceURI', 'localName') as any[];

export function createElements(engine: Engine): Elements {
  const rows = new Map<string, { attributes: string[]; listener: HoldListener }>();
  const held = new Map<Element, Map<string, unknown>>();
  const animated = new WeakMap<object, Element>(); // SVGAnimatedString → the element whose href it is
  const lookers: [selector: string, look: (element: Element) => void][] = [];
  const texts = new Map<string, (text: string, element: Element) => string>(); // what stands in an element may load, too
  const deposits: Element[] = [];
  const nothing = (): void => {};
  const watched = new Set(['rel', 'http-equiv']); // and every attribute that some element loads

  const attributesOf = (element: Element): string[] => rows.get(localName(element))?.attributes || [];
  const listener = (element: Element): HoldListener => rows.get(localName(element))!.listener;

  const urls = (element: Element, attribute: string, value: unknown): string[] => {
    const text = '' + value;
    return attribute === 'srcdoc' || (PAGES.test(localName(element)) && CODE.test(text))
      ? engine.rules.named(engine.codeOf(text) ?? text)
      : urlsIn(localName(element), attribute, text, (name) => getAttribute(element, name));
  };
  const refusal = (element: Element, found: string[]): Verdict | undefined =>
    found.map((url) => engine.judgeElement(element, url)).find(({ allowed }) => !allowed);
  const offence = (element: Element, attribute: string, value: unknown): Verdict | undefined => refusal(element, urls(element, attribute, value));

  function hold(element: Element, attribute: string, value: unknown, verdict: Verdict): void {
    if (held.size >= MOST_HELD) held.delete(held.keys().next().value!);
    if (!held.size) guardReads();
    removeAttribute(element, attribute);
    engine.told(localName(element), '' + value, verdict);
    held.set(element, (held.get(element) || new Map()).set(attribute, value));
    listener(element).hold?.(element);
  }

  function drop(element: Element, attribute: string): void {
    const values = held.get(element);
    if (!values?.delete(attribute) || values.size) return;
    held.delete(element);
    listener(element).release?.(element);
  }

  /** The page sets an attribute: what to do instead when it is held. */
  function caught(element: Element, attribute: string, value: unknown): typeof nothing | void {
    if (!attributesOf(element).includes(attribute)) return;
    const verdict = offence(element, attribute, value);
    if (!verdict) return drop(element, attribute);
    hold(element, attribute, value, verdict);
    return nothing;
  }

  /** Give the element what may load now. */
  function free(element: Element): void {
    for (const [attribute, value] of [...(held.get(element) || [])]) {
      if (offence(element, attribute, value)) continue;
      // The value itself, not its text: under Trusted Types it may be an object that alone may be set.
      quietly(() => (attribute === 'xlink:href' ? setAttributeNS(element, XLINK, attribute, value) : setAttribute(element, attribute, value)));
      drop(element, attribute);
    }
  }

  /** The page says what an address is for, perhaps after the address itself: held meanwhile, then looked at again. */
  const repurposed: Guard = (element, args, pass) => {
    for (const attribute of attributesOf(element)) {
      const value = getAttribute(element, attribute);
      const verdict = value === null ? value : refusal(element, [value]);
      if (verdict) hold(element, attribute, value, verdict);
    }
    return held.has(element) ? () => {
      pass(element, args);
      free(element);
    } : undefined;
  };

  const reads = (name: string, answer: (value: unknown) => unknown): void =>
    guardMethod(Element.prototype, name, (element, [attribute]) => {
      const value = held.get(element)?.get(('' + attribute).toLowerCase());
      return value === undefined ? undefined : () => answer(value);
    });
  // Only once something is held: pages read attributes all the time.
  let read = false;
  function guardReads(): void {
    if (read) return;
    read = true;
    reads('getAttribute', (value) => '' + value);
    reads('hasAttribute', () => true);
  }

  let selector: string | undefined;
  const selectors = (): string => (selector ||= [
    ...new Set([...rows.values()].flatMap(({ attributes }) => attributes.map((name) => (/href/.test(name) ? '[*|href]:not(a)' : '[' + name + ']')))),
    ...lookers.map(([own]) => own), '[' + HELD + ']', '[data-consent]', '[data-consent-service]',
  ].join());

  const elements: Elements = {
    guard(tag, prototype, names, listener = {}) {
      const attributes = names.map((name) => name.toLowerCase());
      attributes.forEach((name) => watched.add(name));
      rows.set(tag, { attributes: [...(rows.get(tag)?.attributes || []), ...attributes], listener: rows.get(tag)?.listener || listener });
      for (const name of names) {
        const attribute = name.toLowerCase();
        guard(prototype, name, {
          set: (element, args) => caught(element, attribute, heard(args, 0)),
          get: (element, args, pass) => {
            if (attribute === 'href' && tag !== 'link') return void animated.set(pass(element, args), element);
            const value = held.get(element)?.get(attribute);
            return value === undefined ? undefined : () => (/^(src|href|data|poster)$/.test(attribute) && quietly(() => resolve(value).href)) || value;
          },
        });
      }
    },
    look: (own, look) => void lookers.push([own, look]),
    text: (tag, turn) => void texts.set(tag, turn),
    turned: (element, text) => texts.get(element.localName)?.('' + text, element),
    deposit(standIn) {
      if (!elements.inspect(standIn)) return '';
      deposits.push(standIn);
      return [...held.get(standIn)!.keys()].join(' ') + ' ' + HELD + '=' + deposits.length;
    },
    get selector() {
      return selectors();
    },
    // The parser's scripts are not held but stopped: gates/scripts.ts.
    seen: (element) => void (localName(element) === 'script' || elements.inspect(element)),

    inspect(element) {
      const number = deposits.length && getAttribute(element, HELD);
      if (number) {
        removeAttribute(element, HELD);
        const [standIn] = deposits.splice(+number - 1, 1, null!);
        if (standIn) carry([standIn], [element]);
        held.delete(standIn!);
      }
      for (const attribute of attributesOf(element)) {
        const present = getAttribute(element, attribute);
        const value = present || (isTagged(element) && getAttribute(element, 'data-' + attribute)) || null;
        if (value === null || held.get(element)?.has(attribute)) continue;
        const verdict = offence(element, attribute, value);
        if (verdict) hold(element, attribute, value, verdict);
        else if (!present) setAttribute(element, attribute, value);
      }
      for (const [own, look] of lookers) if (matches(element, own)) look(element);
      const values = held.get(element);
      // Scripts that keep their order run in the order in which they come in, wherever that is.
      if (values && !isConnected(element) && held.delete(element)) held.set(element, values);
      return !!values;
    },
    inspectAll(root) {
      within(root, selectors()).forEach(elements.inspect);
      if (ownerDocument(root) === document) return; // parsed elsewhere: roots that markup declares come with it
      for (const shadow of within(root, '*').map(shadowOf)) if (shadow) elements.inspectAll(shadow);
    },
    offends: (element) => attributesOf(element).some((attribute) => {
      const value = getAttribute(element, attribute);
      return value !== null && offence(element, attribute, value);
    }),

    heldUrl(element) {
      const [first] = held.get(element) || [];
      if (!first) return null;
      const found = urls(element, ...first);
      return found.find((url) => refusal(element, [url])) ?? found[0] ?? '';
    },
    release: (tag) => elements.held(tag).forEach(free),
    held: (tag) => [...held.keys()].filter((element) => localName(element) === tag),
    urls: (tag) => elements.held(tag).map((element) => elements.heldUrl(element) || ''),
  };

  const named = (space: unknown, name: unknown): string => (space === XLINK ? 'xlink:' + ('' + name).split(':').pop() : '' + name);
  const { prototype } = Element;
  guardMethod(prototype, 'setAttribute', (element, args, pass) => {
    const name = text(args, 0).toLowerCase();
    if (watched.has(name)) return PURPOSE.test(name) ? repurposed(element, args, pass) : caught(element, name, heard(args, 1));
  });
  guardMethod(prototype, 'setAttributeNS', (element, args) => caught(element, named(args[0], text(args, 1)), heard(args, 2)));
  guard(HTMLLinkElement.prototype, 'rel', { set: repurposed });
  guard(HTMLLinkElement.prototype, 'relList', { get: (element) => void repurposed(element, [], nothing) });
  guard(HTMLMetaElement.prototype, 'httpEquiv', { set: repurposed });
  guard(SVGAnimatedString.prototype, 'baseVal', {
    set: (self, [value]) => caught(animated.get(self)!, 'href', value),
    get: (self) => {
      const value = held.get(animated.get(self)!)?.get('href');
      return value === undefined ? undefined : () => value;
    },
  });

  // Attributes as nodes. A map of attributes does not say whose it is; an attribute in it does.
  const keyOf = (attribute: Attr): string => named(spaceOf(attribute), spaceOf(attribute) ? localOf(attribute) : nameOf(attribute));
  const asNode = (element: Element, attribute: Attr) => caught(element, keyOf(attribute), valueOf(attribute)) && (() => null);
  for (const name of ['setAttributeNode', 'setAttributeNodeNS']) guardMethod(prototype, name, (element, [attribute]) => asNode(element, attribute));
  for (const name of ['setNamedItem', 'setNamedItemNS']) {
    guardMethod(NamedNodeMap.prototype, name, (map, [attribute], pass) => {
      const empty = !map[0] && createAttribute(document, HELD);
      if (empty) pass(map, [empty]);
      const element = ownerOf(map[0]);
      if (empty) removeAttribute(element, HELD);
      return asNode(element, attribute);
    });
  }
  // `nodeValue` and `textContent` are every node's.
  const setsText: Guard = (node, args, pass) => {
    const type = nodeType(node);
    if (type === 2) return ownerOf(node) && caught(ownerOf(node), keyOf(node), args[0]);
    const element = type === 3 ? parentNode(node) : node;
    const text = element ? elements.turned(element, args[0]) : undefined;
    return text === undefined ? undefined : () => pass(node, [text]);
  };
  for (const [owner, name] of [[Attr, 'value'], [Node, 'nodeValue'], [Node, 'textContent'], [CharacterData, 'data']] as const) {
    guard(owner.prototype, name, { set: setsText });
  }

  const drops: Guard = (element, [name, force]) => (force === true ? undefined : drop(element, ('' + name).toLowerCase()));
  for (const name of ['removeAttribute', 'toggleAttribute']) guardMethod(prototype, name, drops);
  guardMethod(prototype, 'removeAttributeNS', (element, [space, name]) => drop(element, named(space, name)));

  // What comes from a clone, a template or another document carries its attributes already: look before it goes in.
  const look: Guard = (self, nodes) => {
    for (let i = 0; i < nodes.length; i++) {
      try {
        const node = nodes[i];
        const isText = typeof node === 'string';
        const type = isText ? 3 : node && typeof node === 'object' ? nodeType(node) : 0;
        if (!type || (type === 1 && !firstChild(node) && isPlain(node, rows))) continue;
        const turn = type === 3 && texts.get(self.localName);
        if (turn) isText ? (nodes[i] = turn(node, self)) : data.write(node, turn(data.read(node), self));
        else if (type !== 3 && !(isConnected(node) && ownerDocument(node) === document)) elements.inspectAll(node);
      } catch {} // the others are looked at all the same
    }
  };
  for (const { prototype } of [Node, Element, Document, DocumentFragment, CharacterData, DocumentType, Range]) {
    for (const name of INSERTING) guardMethod(prototype, name, look);
  }

  // What is made here out of something else. Images begin to load a moment after they have their address.
  const made = (owner: any, name: string, whenever: boolean): void =>
    guardMethod(owner, name, (self, args, pass) => (whenever || held.size ? () => {
      const copy = pass(self, args);
      quietly(() => {
        const source = name === 'cloneNode' ? self : args[0];
        if (whenever) elements.inspectAll(copy);
        if (typeof source === 'object') carry(within(source, '*'), within(copy, '*'));
      });
      return copy;
    } : undefined));
  const carry = (from: Element[], to: Element[]): void =>
    to.forEach((copy, i) => held.get(from[i]!)?.forEach((value, attribute) => caught(copy, attribute, value) || setAttribute(copy, attribute, value)));
  made(Node.prototype, 'cloneNode', false);
  made(Document.prototype, 'importNode', true);
  made(Range.prototype, 'createContextualFragment', true);
  return elements;
}
