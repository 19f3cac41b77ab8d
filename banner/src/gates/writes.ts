// document.write: what the parser is given has to stay text. Its tags are looked at one by one, also where several calls
// write one tag: what is not finished waits for the next call, or for the end of the script.

import { create, currentScript, findInDocument, getAttribute, HTML, localName, setAttribute } from '../dom';
import { guardMethod, originals, quietly, text } from '../page';
import { isRun } from '../replay';
import { html, inert } from '../written';
import type { CreateGate } from './gate';

const PARTS = /<style\b[^>]*>[^]*?<\/style|<([a-z][^\s/>]*)[\s/](?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const UNFINISHED = /<(?:style\b(?:(?!<\/style)[^])*|(?:[a-z/!](?:[^>"']|"[^"]*"|'[^']*')*(?:"[^"]*|'[^']*)?)?)$/i;
const [write] = originals('Document', 'write') as any[];

export const writes: CreateGate = (engine) => {
  const { elements, judgeElement, judgeText, rules, writers } = engine;
  const waiting = new Map<Document, string>();

  // The first of two attributes of one name counts, so what is put right behind the tag's name wins.
  const hold = (part: string, name: string | undefined): string => {
    if (!name) return part.replace(/>[^]*/, (css) => elements.turned(create(inert, HTML, 'style'), css)!);
    const host = create(inert, HTML, 'div');
    html.write(host, '<p' + part.slice(1 + name.length));
    const tag = create(inert, HTML, name.toLowerCase());
    for (const { name, value } of host.firstChild.attributes) quietly(() => setAttribute(tag, name, value));
    const url = getAttribute(tag, 'src');
    let first = '';
    if (localName(tag) !== 'script') first = elements.deposit(tag);
    else if (url) {
      const type = getAttribute(tag, 'type');
      const { allowed, service } = judgeElement(tag, url);
      if (!allowed && isRun(tag, type)) {
        first = 'type="text/plain"' + (type ? ' data-type="' + type + '"' : '') + (service ? ' data-consent-service="' + service.id + '"' : ' data-consent=""');
      }
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

  // Under Trusted Types no text of ours may stand for the page's: the whole of it waits, and goes where the script stands.
  const trusted: [markup: unknown, script: Element][] = [];
  function open(): void {
    for (const one of trusted.splice(0)) {
      const [markup, script] = one;
      if (judgeText('' + markup).allowed) quietly(() => engine.write(script, markup));
      else trusted.push(one);
    }
  }

  const writerOf = (self: Document) => self === document && writers.get(currentScript()!);
  for (const name of ['write', 'writeln']) {
    guardMethod(Document.prototype, name, (self, args, pass) => {
      const late = writerOf(self);
      const all = args.map((_, i) => text(args, i)).join('') + (name === 'write' ? '' : '\n');
      const plain = args.every((one) => typeof one === 'string');
      if (late) return () => quietly(() => (plain ? late(all) : args.forEach((one) => late(one))));
      if (!plain) {
        if (judgeText(all).allowed) return waiting.has(self) ? () => (flush(self), pass(self, args)) : undefined;
        return () => {
          const script = currentScript();
          if (script) for (const one of args) trusted.push([one, script]);
          open();
        };
      }
      const whole = (waiting.get(self) || '') + all;
      const rest = UNFINISHED.exec(whole)?.[0] || '';
      if (!rest && !waiting.has(self) && !rules.mentions(whole)) return;
      return () => {
        waiting.delete(self);
        put(self, whole.slice(0, whole.length - rest.length));
        if (!rest) return;
        waiting.set(self, (waiting.get(self) || '') + rest); // scripts in it may have written, too
        queueMicrotask(() => void quietly(() => flush(self)));
      };
    });
  }
  // As while the parser is at work; with three arguments it is window.open.
  guardMethod(Document.prototype, 'open', (self, args) => (args[2] || !writerOf(self) ? undefined : () => self));
  guardMethod(Document.prototype, 'close', flush);
  return { name: 'writes', open };
};
