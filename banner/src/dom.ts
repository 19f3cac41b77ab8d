// The document's own methods, as they were: `getAttribute(element, 'src')`, whatever the page has done to its own.

import { type Method, originals } from './page';

type Find = (root: Element, selector: string) => Iterable<Element>;
export const [getAttribute, setAttribute, removeAttribute, find] = originals('Element', 'getAttribute', 'setAttribute', 'removeAttribute', 'querySelectorAll') as
  [(element: Element, name: string) => string | null, Method, Method, Find];
export const [insertBefore, replaceChild, removeChild, position] = originals('Node', 'insertBefore', 'replaceChild', 'removeChild', 'compareDocumentPosition') as
  [Method, Method, Method, Method];
const [create] = originals('Document', 'createElement') as [Method];
const [findInFragment] = originals('DocumentFragment', 'querySelectorAll') as [Method];

/** The element and what is in it, as far as the selector says; a fragment (template, shadow root) has no self. */
export const within = (root: Node, selector: string): Element[] =>
  root.nodeType === 1 ? [root as Element, ...find(root as Element, selector)] : root.nodeType === 11 ? [...findInFragment(root, selector)] : [];

/** In document order; what is not in the document keeps the order it came in. */
export const inOrder = <T extends Node>(nodes: Iterable<T>): T[] =>
  [...nodes].sort((a, b) => (a.isConnected && b.isConnected ? (position(a, b) & 4 ? -1 : 1) : 0));

/** The same script as a new element: what markup made, or a browser has already refused, never runs. */
export function scriptLike(old: Element): HTMLScriptElement {
  const fresh = create(document, 'script');
  for (const { name, value } of old.attributes) setAttribute(fresh, name, value);
  if (old.textContent) fresh.text = old.textContent;
  fresh.nonce = (old as HTMLElement).nonce || ''; // the attribute is emptied once parsed
  return fresh;
}

/** Tagged by hand for a purpose or a service. */
export const isTagged = (element: Element): boolean => getAttribute(element, 'data-consent') !== null || getAttribute(element, 'data-consent-service') !== null;
