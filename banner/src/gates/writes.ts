// document.write: what the parser is given has to stay text. Its tags are looked at one by one, also where several calls
// write one tag: what is not finished waits for the next call, or for the end of the script.

import { create, findInDocument, getAttribute, HTML, insertBefore, localName, parentNode, replaceChild, scriptLike, setAttribute, within } from '../dom';
import { accessor, guardMethod, originals, quietly, text } from '../page';
import type { CreateGate } from './gate';

const PARTS = /<style\b[^>]*>[^]*?<\/style|<([a-z][^\s/>]*)[\s/](?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const UNFINISHED = /<(?:style\b(?:(?!<\/style)[^])*|(?:[a-z/!](?:[^>"']|"[^"]*"|'[^']*')*(?:"[^"]*|'[^']*)?)?)$/i;
const [write] = originals('Document', 'write') as any[];
const [fragment] = originals('Range', 'createContextualFragment') as any[];

export const writes: CreateGate = ({ elements, judgeElement, judgeText, released, rules }) => {
  const inert = document.implementation.createHTMLDocument('');
  const { write: parse } = accessor(Element.prototype, 'innerHTML');
  const waiting = new Map<Document, string>();

  // The first of two attributes of one name counts, so what is put right behind the tag's name wins.
  const hold = (part: string, name: string | undefined): string => {
    if (!name) return part.replace(/>[^]*/, (css) => elements.turned(create(inert, HTML, 'style'), css)!);
    const host = create(inert, HTML, 'div');
    parse(host, '<p' + part.slice(1 + name.length));
    const tag = create(inert, HTML, name.toLowerCase());
    for (const { name, value } of host.firstChild.attributes) quietly(() => setAttribute(tag, name, value));
    const url = getAttribute(tag, 'src');
    let first = '';
    if (localName(tag) !== 'script') first = elements.deposit(tag);
    else if (url) {
      const { allowed, service } = judgeElement(tag, url);
      if (!allowed) first = 'type="text/plain"' + (service ? ' data-consent-service="' + service.id + '"' : ' data-consent=""');
    }
    return first ? '<' + name + ' ' + first + part.slice(1 + name.length) : part;
  };

  function put(self: Document, text: string): void {
    const ruled = rules.mentions(text);
    write(self, ruled ? text.replace(PARTS, hold) : text);
    if (ruled) quietly(() => findInDocument(self, '[data-consent-held]').forEach(elements.inspect));
  }

  function flush(self: Document): void {
    const rest = waiting.get(self);
    waiting.delete(self);
    if (rest) put(self, rest);
  }

  // A script that was held writes too late for the parser: the browser would wipe the page. Its text goes where it
  // stands; scripts in it are made anew, because those that markup makes never run.
  function writeAt(script: Element, text: string): void {
    const host = create(inert, HTML, 'div');
    parse(host, text);
    elements.inspectAll(host);
    for (const node of [...host.childNodes]) {
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

  // Under Trusted Types no text of ours may stand for the page's: the whole of it waits, and goes where the script stands.
  const range = new Range();
  const trusted: [markup: unknown, script: Element][] = [];
  function open(): void {
    for (const one of trusted.splice(0)) {
      const [markup, script] = one;
      if (judgeText('' + markup).allowed) quietly(() => {
        const content = fragment(range, markup);
        within(content, 'script').forEach((inner) => released.add(inner)); // they may write as well
        insertBefore(parentNode(script), content, script);
      });
      else trusted.push(one);
    }
  }

  for (const name of ['write', 'writeln']) {
    guardMethod(Document.prototype, name, (self, args, pass) => {
      const script = document.currentScript;
      const late = script && released.has(script);
      const all = args.map((_, i) => text(args, i)).join('');
      if (!args.every((one) => typeof one === 'string')) {
        if (!late && judgeText(all).allowed) return waiting.has(self) ? () => (flush(self), pass(self, args)) : undefined;
        return () => {
          if (script) for (const one of args) trusted.push([one, script]);
          open();
        };
      }
      if (late) return () => quietly(() => writeAt(script, all));
      const whole = (waiting.get(self) || '') + all + (name === 'write' ? '' : '\n');
      const rest = UNFINISHED.exec(whole)?.[0] || '';
      if (!rest && !waiting.has(self) && !rules.mentions(whole)) return;
      return () => {
        waiting.delete(self);
        put(self, whole.slice(0, whole.length - rest.length));
        if (!rest) return;
        waiting.set(self, (waiting.get(self) || '') + rest); // scripts in it may have written, too
        queueMicrotask(() => flush(self));
      };
    });
  }
  guardMethod(Document.prototype, 'close', flush);
  return { name: 'writes', open };
};
