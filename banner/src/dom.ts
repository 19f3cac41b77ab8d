// The document's own methods, as they were: `getAttribute(element, 'src')`, whatever the page has done to its own.

import { type Method, originals, readers } from './page';

// Elements' own properties: an <input name="parentNode"> takes the place of its form's.
type Read<T, Of = Node> = (node: Of) => T;
export const [localName, shadowOf] = readers('Element', 'localName', 'shadowRoot') as [Read<string, Element>, Read<ShadowRoot | null, Element>];
export const [nodeType, isConnected, ownerDocument, parentNode, nextSibling, firstChild, childNodes] =
  readers('Node', 'nodeType', 'isConnected', 'ownerDocument', 'parentNode', 'nextSibling', 'firstChild', 'childNodes') as
  [Read<number>, Read<boolean>, Read<Document | null>, Read<ParentNode & Node | null>, Read<Node | null>, Read<Node | null>, Read<Iterable<Node>>];

type Find = (root: Element, selector: string) => Iterable<Element>;
export const [getAttribute, setAttribute, removeAttribute, hasAttributes, find, matches] =
  originals('Element', 'getAttribute', 'setAttribute', 'removeAttribute', 'hasAttributes', 'querySelectorAll', 'matches') as
  [(element: Element, name: string) => string | null, Method, Method, (element: Element) => boolean, Find, (element: Element, selector: string) => boolean];
export const [insertBefore, removeChild, position] = originals('Node', 'insertBefore', 'removeChild', 'compareDocumentPosition') as [Method, Method, Method];
export const HTML = 'http://www.w3.org/1999/xhtml';
/** With the document it is made for, its namespace and its name. */
export const [create, findInDocument] = originals('Document', 'createElementNS', 'querySelectorAll') as [Method, (root: Document, selector: string) => NodeListOf<Element>];
const [findInFragment] = originals('DocumentFragment', 'querySelectorAll') as [Method];

/** Out of the document and back to where it was: the browser begins anew with it. */
export function renew(element: Element, meanwhile?: (element: Element) => void): void {
  const [parent, next] = [parentNode(element), nextSibling(element)];
  if (parent) removeChild(parent, element);
  meanwhile?.(element);
  if (parent) insertBefore(parent, element, next);
}

/** The element and what is in it, as far as the selector says; a fragment (template, shadow root) has no self. */
export function within(root: Node, selector: string): Element[] {
  const isElement = nodeType(root) === 1;
  const self = isElement ? [root as Element] : [];
  if (!firstChild(root)) return self;
  return isElement ? [...self, ...find(root as Element, selector)] : nodeType(root) === 11 ? [...findInFragment(root, selector)] : self;
}

/** Nothing to look at: no attribute, and none of these names. */
export const isPlain = (element: Element, names: { has(name: string): boolean }): boolean => !hasAttributes(element) && !names.has(localName(element));

const [current] = readers('Document', 'currentScript') as [Read<HTMLScriptElement | null, Document>];
/** The script that is running, whatever element the page has named like that. */
export const currentScript = (): HTMLScriptElement | null => current(document);

/** In document order; what is not in the document keeps the order it came in. */
export const inOrder = <T extends Node>(nodes: Iterable<T>): T[] =>
  [...nodes].sort((a, b) => (isConnected(a) && isConnected(b) ? (position(a, b) & 4 ? -1 : 1) : 0));

/** The same script as a new element: what markup made, or a browser has already refused, never runs. */
export function scriptLike(old: Element): HTMLScriptElement {
  const fresh = create(document, HTML, 'script');
  for (const { name, value } of old.attributes) setAttribute(fresh, name, value);
  if (old.textContent) fresh.text = old.textContent;
  fresh.nonce = (old as HTMLElement).nonce || ''; // the attribute is emptied once parsed
  return fresh;
}

/** Tagged by hand for a purpose or a service. */
export const isTagged = (element: Element): boolean => getAttribute(element, 'data-consent') !== null || getAttribute(element, 'data-consent-service') !== null;
