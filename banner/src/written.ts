// Markup that is parsed where nothing loads and nothing runs, before it goes into the page: what scripts make into
// elements, and what scripts write that are run late, when the parser is gone and the browser would wipe the page.

import { childNodes, create, HTML, insertBefore, localName, nodeType, within } from './dom';
import { accessor, originals, readers } from './page';

export const inert: Document = globalThis.document?.implementation.createHTMLDocument('');
/** The original innerHTML. */
export const html = globalThis.Element && accessor(Element.prototype, 'innerHTML');
const setText = globalThis.Node && accessor(Node.prototype, 'textContent').write;
const [attachShadow] = originals('Element', 'attachShadow') as any[];
const [selectContents, fragment] = originals('Range', 'selectNodeContents', 'createContextualFragment') as any[];
const range = globalThis.document && new Range();
const [spaceOf] = readers('Element', 'namespaceURI') as any[];

/** What holds the nodes that markup becomes inside `context`; `parse` puts them into its argument. */
export function parsed(context: Node, parse: (host: Node) => void): Node {
  const isRoot = nodeType(context) !== 1;
  let host: Node = create(inert, isRoot ? HTML : spaceOf(context), isRoot ? 'div' : localName(context as Element));
  if (context instanceof ShadowRoot) host = attachShadow(host, { __proto__: null, mode: 'open' });
  parse(host);
  for (const hidden of within(host, 'noscript')) if (localName(hidden) === 'noscript') setText(hidden, html.read(hidden)); // as where scripts run
  return host;
}

const END = 'consent';

/** The nodes that `text` becomes inside `context`; null when something in it is still open, unless it is the `last` of it.
 * Their scripts have not run yet: those of a range's fragment do. */
export function parsedWhole(context: Node, text: unknown, last?: boolean): Node[] | null {
  const nodes = [...childNodes(parsed(context, (host) => {
    selectContents(range, host);
    insertBefore(host, fragment(range, last ? text : text + '<!--' + END + '-->'), null);
  }))];
  if (last) return nodes;
  const end = nodes.pop() as Comment;
  return nodeType(end) === 8 && end.data === END ? nodes : null;
}
