// Markup that scripts write: innerHTML, outerHTML, insertAdjacentHTML, document.write. Only strings that name a ruled
// host are touched. They are parsed where nothing loads, looked through, and then moved in.

import { dom } from '../elements';
import { accessor, guardAccessor, guardMethod, method, quietly, uncurry } from '../page';
import type { Engine, Gate } from './gate';

const TAG = /<(script|iframe|img)(?=[\s/])(?:[^>"']|"[^"]*"|'[^']*')*>/gi;

export function markup(): Gate {
  let engine: Engine;
  let inert: Document;

  return {
    name: 'markup',
    shut(its) {
      engine = its;
      inert = document.implementation.createHTMLDocument('');
      const inner = accessor(Element.prototype, 'innerHTML');
      const replaceChildren = uncurry(Element.prototype.replaceChildren);
      const ruled = (value: unknown): boolean => engine.rules.mentions('' + value);

      /** The nodes this markup would become inside `context`, with what may not load held. */
      function nodes(context: Element, value: unknown): Node[] {
        const host = inert.createElementNS(context.namespaceURI, context.localName);
        inner.write(host, value);
        engine.elements.inspectAll(host);
        return [...host.childNodes];
      }
      const isTemplate = (element: Element): boolean => element.localName === 'template';

      guardAccessor(Element.prototype, 'innerHTML', {
        set: (element, [value]) => {
          if (!ruled(value) || isTemplate(element)) return;
          const content = nodes(element, value);
          return () => replaceChildren(element, ...content);
        },
      });
      guardAccessor(Element.prototype, 'outerHTML', {
        set: (element, [value]) => {
          if (!ruled(value) || element.parentNode?.nodeType !== 1) return;
          const content = nodes(element.parentNode, value);
          return () => replaceWith(element, ...content);
        },
      });
      const replaceWith = uncurry(Element.prototype.replaceWith);
      guardMethod(Element.prototype, 'insertAdjacentHTML', (element, [place, value]) => {
        const where = ('' + place).toLowerCase();
        const inside = where === 'afterbegin' || where === 'beforeend';
        const context = inside ? element : element.parentNode;
        if (!ruled(value) || context?.nodeType !== 1 || isTemplate(element)) return;
        const before = { beforebegin: element, afterbegin: element.firstChild, beforeend: null, afterend: element.nextSibling }[where];
        if (before === undefined) return;
        const content = nodes(context, value);
        return () => content.forEach((node) => dom.insertBefore(context, node, before));
      });

      // What the parser is given has to stay text. The first of two attributes of one name counts, so what is put right
      // behind the tag's name wins.
      const parse = (tag: string): Element | null => {
        const host = inert.createElement('div');
        inner.write(host, tag);
        return host.firstElementChild;
      };
      const quoted = (value: string): string => value.split('&').join('&amp;').split('"').join('&quot;');
      const hold = (tag: string, name: string): string => {
        const element = parse(tag);
        const url = element && dom.get(element, 'src');
        if (!url) return tag;
        const verdict = engine.judgeElement(element, url);
        if (verdict.allowed) return tag;
        const inertly = name.toLowerCase() === 'script' ? 'type="text/plain"' : 'src srcset data-src="' + quoted(url) + '"';
        const owner = verdict.service ? ' data-consent-service="' + verdict.service.id + '"' : ' data-consent=""';
        return '<' + name + ' ' + inertly + owner + tag.slice(1 + name.length);
      };
      // A script that was held writes too late for the parser: the browser would wipe the page. Its text goes where it
      // stands; scripts in it are made anew, because those that markup makes never run.
      function writeAt(script: Element, text: string): void {
        for (const node of nodes(script.parentNode as Element, text)) {
          dom.insertBefore(script.parentNode, node, script);
          const inner = node.nodeType !== 1 ? [] : (node as Element).localName === 'script' ? [node] : dom.find(node, 'script');
          for (const old of [...inner] as HTMLScriptElement[]) {
            const fresh: HTMLScriptElement = dom.create(document, 'script');
            for (const { name, value } of [...old.attributes]) dom.set(fresh, name, value);
            if (old.textContent) fresh.text = old.textContent;
            fresh.async = false;
            engine.released.add(fresh); // it may write as well
            const held = engine.elements.heldUrl(old);
            if (held !== null) fresh.src = held;
            dom.replaceChild(old.parentNode, fresh, old);
          }
        }
      }
      for (const name of ['write', 'writeln']) {
        const original = method(Document.prototype, name);
        guardMethod(Document.prototype, name, (self, args) => {
          const text = args.join('');
          const script = document.currentScript;
          if (script && engine.released.has(script)) return () => quietly(() => writeAt(script, text));
          if (args.some((one) => typeof one !== 'string') || !ruled(text)) return;
          return () => original.call(self, text.replace(TAG, hold));
        });
      }
    },
  };
}
