// The one observer: shows every inserted element to the gates that asked for its kind, before it acts where the browser
// allows that (see gates/scripts.ts).

import { find } from './dom';
import type { Gate } from './gates/gate';
import { Observer, originals, quietly } from './page';

const [matches] = originals('Element', 'matches') as any[];

/** Who wants to see which elements. */
export type Watcher = Pick<Gate, 'selector' | 'seen'>;

/** Gives what shows another document to them, too. */
export function observe(watchers: readonly Watcher[]): (root: Node) => void {
  const wanted = watchers.filter(({ selector }) => selector) as Required<Watcher>[];
  const all = wanted.map(({ selector }) => selector).join();

  const show = (element: Element): void => {
    for (const { selector, seen } of wanted) if (matches(element, selector)) quietly(() => seen(element));
  };
  const look = (element: Element): void => {
    if (matches(element, all)) show(element);
    if (element.firstElementChild) for (const inner of find(element, all)) show(inner);
  };

  const observer = new Observer((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) if (node.nodeType === 1) quietly(() => look(node as Element));
    }
  });
  const watch = (root: Node): void => {
    observer.observe(root, { childList: true, subtree: true });
    for (const child of root.childNodes) if (child.nodeType === 1) look(child as Element); // what stands before us
  };
  watch(document);
  return watch;
}
