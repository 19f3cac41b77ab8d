// Markup that scripts write: innerHTML, outerHTML, insertAdjacentHTML, document.write. Only strings that name a ruled
// host are touched. They are parsed where nothing loads, looked through, and then moved in.

import { getAttribute, insertBefore, replaceChild, scriptLike, within } from '../dom';
import { accessor, guard, guardMethod, originals, quietly } from '../page';
import type { CreateGate } from './gate';

const TAG = /<(script|iframe|img)(?=[\s/])(?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const [replaceChildren, replaceWith] = originals('Element', 'replaceChildren', 'replaceWith') as any[];

export const markup: CreateGate = ({ elements, judgeElement, released, rules }) => {
  const { prototype } = Element;
  const inert = document.implementation.createHTMLDocument('');
  const { write } = accessor(prototype, 'innerHTML');

  /** The nodes this markup would become inside `context`, with what may not load held. */
  function nodes(context: Element, value: unknown): Node[] {
    const host = inert.createElementNS(context.namespaceURI, context.localName);
    write(host, value);
    elements.inspectAll(host);
    return [...host.childNodes];
  }

  /** The page puts markup into `context`: what to do instead with its nodes, when it names a ruled host. */
  function instead(context: any, value: unknown, put: (nodes: Node[]) => void): (() => void) | void {
    if (!rules.mentions('' + value) || context?.nodeType !== 1 || context.localName === 'template') return;
    const content = nodes(context, value);
    return () => put(content);
  }

  guard(prototype, 'innerHTML', {
    set: (element, [value]) => instead(element, value, (content) => replaceChildren(element, ...content)),
  });
  guard(prototype, 'outerHTML', {
    set: (element, [value]) => instead(element.parentNode, value, (content) => replaceWith(element, ...content)),
  });
  guardMethod(prototype, 'insertAdjacentHTML', (element, [place, value]) => {
    const { parentNode, firstChild, nextSibling } = element;
    // Any other place: not iterable, so the call passes and the browser says what is wrong with it.
    const [context, before] = (
      { beforebegin: [parentNode, element], afterbegin: [element, firstChild], beforeend: [element, null], afterend: [parentNode, nextSibling] } as any
    )[('' + place).toLowerCase()];
    return instead(context, value, (content) => content.forEach((node) => insertBefore(context, node, before)));
  });

  // What the parser is given has to stay text. The first of two attributes of one name counts, so what is put right
  // behind the tag's name wins.
  const hold = (tag: string, name: string): string => {
    const host = inert.createElement('div');
    write(host, tag);
    const element = host.firstElementChild!;
    const url = getAttribute(element, 'src');
    const { allowed, service } = judgeElement(element, url || null);
    if (!url || allowed) return tag;
    const inertly = /script/i.test(name) ? 'type="text/plain"' : 'src srcset data-src="' + url.replace(/&/g, '&amp;').replace(/"/g, '&quot;') + '"';
    return '<' + name + ' ' + inertly + (service ? ' data-consent-service="' + service.id + '"' : ' data-consent=""') + tag.slice(1 + name.length);
  };

  // A script that was held writes too late for the parser: the browser would wipe the page. Its text goes where it
  // stands; scripts in it are made anew, because those that markup makes never run.
  function writeAt(script: Element, text: string): void {
    for (const node of nodes(script.parentNode as Element, text)) {
      insertBefore(script.parentNode, node, script);
      for (const old of within(node, 'script')) {
        if (old.localName !== 'script') continue;
        const fresh = scriptLike(old);
        fresh.async = false;
        released.add(fresh); // it may write as well
        const url = elements.heldUrl(old);
        if (url !== null) fresh.src = url;
        replaceChild(old.parentNode, fresh, old);
      }
    }
  }
  for (const name of ['write', 'writeln']) {
    guardMethod(Document.prototype, name, (self, args, pass) => {
      const text = args.join('');
      const script = document.currentScript;
      if (script && released.has(script)) return () => quietly(() => writeAt(script, text));
      const ruled = args.every((one) => typeof one === 'string') && rules.mentions(text);
      return ruled ? () => pass(self, [text.replace(TAG, hold)]) : undefined;
    });
  }
  return { name: 'markup' };
};
