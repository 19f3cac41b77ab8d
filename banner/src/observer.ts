// The one observer: shows every inserted element to the gates that asked for its kind, before it acts where the browser
// allows that (see gates/scripts.ts).

import type { Gate } from './gates/gate';
import { dom } from './elements';
import { Observer, quietly } from './page';

export function observe(gates: readonly Gate[], others: string, found: (element: Element) => void): void {
  const selector = [...gates.map((gate) => gate.selector).filter(Boolean), others].join();
  const matches = Element.prototype.matches;
  const is = (element: Element, wanted: string): boolean => Reflect.apply(matches, element, [wanted]);

  const show = (element: Element): void => {
    for (const gate of gates) if (gate.selector && is(element, gate.selector)) quietly(() => gate.seen!(element));
    if (is(element, others)) quietly(() => found(element));
  };
  const look = (element: Element): void => {
    if (is(element, selector)) show(element);
    if (element.firstElementChild) for (const inner of dom.find(element, selector)) show(inner);
  };

  new Observer((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) if (node.nodeType === 1) quietly(() => look(node as Element));
    }
  }).observe(document, { childList: true, subtree: true });
  look(document.documentElement); // what stands before us
}
