// Markup that scripts make into elements: innerHTML, outerHTML, insertAdjacentHTML, setHTML. Only strings that may name a
// ruled host are touched. They are parsed where nothing loads, looked through, and then moved in.

import { childNodes, firstChild, insertBefore, nextSibling, nodeType, parentNode } from '../dom';
import { type Guard, guard, guardMethod, originals, quietly, rootOf, text } from '../page';
import { html, parsed } from '../written';
import type { CreateGate } from './gate';

const [replaceChildren, replaceWith] = originals('Element', 'replaceChildren', 'replaceWith') as any[];
const [fillRoot] = originals('DocumentFragment', 'replaceChildren') as any[];

export const markup: CreateGate = ({ elements, rules }) => {
  const { prototype } = Element;
  /** The page puts markup into `context`: what to do instead with its nodes, when it names a ruled host. */
  function instead(context: any, markup: unknown, parse: (host: Node, markup: any) => void, put: (nodes: Node[]) => void): (() => void) | void {
    if (!rules.mentions('' + markup) || !/^(1|11)$/.test('' + nodeType(context)) || context.localName === 'template') return;
    // A closed root could not be looked into.
    const seen = typeof markup === 'string' ? markup.replace(/(shadowrootmode\s*=\s*["']?)closed/gi, '$1open') : markup;
    let refused: (() => never) | undefined;
    const host = parsed(context, (host) => {
      try {
        parse(host, seen);
      } catch (error) {
        refused = () => { throw error; }; // Trusted Types: the browser has said so, once is enough
      }
    });
    elements.inspectAll(host);
    const content = [...childNodes(host)];
    return refused || (() => put(content));
  }

  const fill: Guard = (self, args, pass) => {
    if (args[0] !== null) text(args, 0);
    const [value, ...more] = args;
    const turned = elements.turned(self, value);
    if (turned !== undefined) return () => pass(self, [turned]);
    return instead(self, value, (host, markup) => pass(host, [markup, ...more]), (content) => (nodeType(self) === 1 ? replaceChildren : fillRoot)(self, ...content));
  };
  for (const owner of [prototype, globalThis.ShadowRoot?.prototype]) {
    guard(owner, 'innerHTML', { set: fill });
    for (const name of ['setHTMLUnsafe', 'setHTML']) guardMethod(owner, name, fill);
  }
  guard(prototype, 'outerHTML', {
    set: (element, [value]) => instead(parentNode(element), value, html.write, (content) => replaceWith(element, ...content)),
  });
  guardMethod(prototype, 'insertAdjacentHTML', (element, args) => {
    text(args, 1);
    const [place, value] = args;
    // Any other place: not iterable, so the call passes and the browser says what is wrong with it.
    const [context, before] = (
      { beforebegin: [parentNode(element), element], afterbegin: [element, firstChild(element)], beforeend: [element, null], afterend: [parentNode(element), nextSibling(element)] } as any
    )[('' + place).toLowerCase()];
    return instead(context, value, html.write, (content) => content.forEach((node) => insertBefore(context, node, before)));
  });
  // An editor's: images begin to load a moment after they are made.
  guardMethod(Document.prototype, 'execCommand', (self, args, pass) => (rules.mentions('' + args[2]) ? () => {
    const done = pass(self, args);
    quietly(() => elements.inspectAll(rootOf(document)));
    return done;
  } : undefined));
  return { name: 'markup' };
};
