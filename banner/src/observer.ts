// The one observer: shows every inserted element to the gates that asked for its kind, before it acts where the browser
// allows that (see gates/scripts.ts), and elements whose style has changed, before it is drawn.

import { childNodes, find, firstChild, isPlain, localName, matches, nodeType, parentNode, shadowOf } from './dom';
import type { Gate } from './gates/gate';
import { guardMethod, Observer, quietly } from './page';

/** Who wants to see which elements. */
export type Watcher = Pick<Gate, 'selector' | 'seen'>;

/** Gives what shows another document to them, too. */
export function observe(watchers: readonly Watcher[]): (root: Node) => void {
  const wanted = watchers.filter(({ selector }) => selector) as Required<Watcher>[];
  const all = wanted.map(({ selector }) => selector).join();
  const names = new Set(all.split(','));

  // Elements whose text is judged, too: it may arrive in pieces, and be changed.
  const speaks = (element: Element): boolean => localName(element) === 'style' || localName(element) === 'script';

  const show = (element: Element): void => {
    if (!matches(element, all)) return;
    if (speaks(element)) observer.observe(element, { characterData: true, subtree: true });
    for (const { selector, seen } of wanted) if (matches(element, selector)) quietly(() => seen(element));
  };
  const look = (element: Element): void => {
    show(element);
    if (firstChild(element)) for (const inner of find(element, all)) show(inner);
  };
  const watch = (root: Node): void => {
    observer.observe(root, { childList: true, subtree: true, attributeFilter: ['style'] });
    for (const child of childNodes(root)) if (nodeType(child) === 1) look(child as Element);
  };

  const added = (node: Node, within: Set<Node>): void => {
    if (nodeType(node) !== 1) return;
    const shadow = shadowOf(node as Element);
    if (shadow) watch(shadow); // declared in markup
    const empty = !firstChild(node);
    if (empty && isPlain(node as Element, names)) return;
    if (!within.has(parentNode(node)!)) look(node as Element);
    if (!empty) within.add(node);
  };
  const observer = new Observer((records) => quietly(() => {
    const fresh = new Set<Node>(); // the parser adds one by one, and what is in an element is seen with it
    let last: Node | undefined;
    for (const { addedNodes, target, type } of records) {
      if (type === 'attributes' || target !== last) {
        last = target;
        const changed = nodeType(target) === 3 ? parentNode(target) : target;
        quietly(() => (type === 'attributes' || speaks(changed as Element)) && show(changed as Element));
      }
      for (let i = 0; i < addedNodes.length; i++) quietly(() => added(addedNodes[i]!, fresh));
    }
  }));
  watch(document);
  guardMethod(Element.prototype, 'attachShadow', (self, args, pass) => () => {
    const root = pass(self, args);
    quietly(() => watch(root));
    return root;
  });
  return watch;
}
