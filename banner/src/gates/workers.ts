// Workers: realms without a document, out of our reach once they run. By the address of their script they are requests
// like any other; code that the page makes itself (blob:, data:) is looked through for what it may not ask for or keep.
// What hides in the site's own worker files, or is put together at run time, is for a Content Security Policy.

import { guard, guardMethod, quietly, text } from '../page';
import { failed } from '../refusal';
import type { CreateGate, Verdict } from './gate';

const QUOTED = /["'`]([^"'`]{1,200})["'`]/g;

export const workers: CreateGate = (engine) => {
  const parts = new WeakMap<Blob, string[]>(); // the texts that it was made of
  const codes = new Map<string, string>(); // blob: URL → its code, when that needs a second look

  /** Would it keep something that is not granted? Only databases and caches are within a worker's reach. */
  const keeps = (code: string): Verdict | undefined =>
    /indexedDB|caches/.test(code)
      ? [...code.matchAll(QUOTED)].map(([, name]) => engine.judgeName('indexed_db', name!, null)).find(({ allowed }) => !allowed)
      : undefined;

  const judgeCode = (code: string): Verdict => keeps(code) || engine.judgeText(code);

  const codeOf = (url: string): string | undefined =>
    codes.get(url) ?? (/^data:/i.test(url) ? quietly(() => (/^[^,]*;base64,/i.test(url) ? atob(url.slice(url.indexOf(',') + 1)) : decodeURIComponent(url))) : undefined);

  engine.codeOf = codeOf;

  guard(window, 'Blob', {
    construct: (made, args, pass) => () => {
      const blob = pass(made, args);
      if (Array.isArray(args[0])) parts.set(blob, args[0].flatMap((part) => (typeof part === 'string' ? part : parts.get(part) || [])));
      return blob;
    },
  });
  guardMethod(URL, 'createObjectURL', (self, args, pass) => () => {
    const url = pass(self, args);
    let code = parts.get(args[0])?.join('') || '';
    for (const [inner, text] of codes) if (code.includes(inner)) code += text; // a worker that makes another
    if (code && !judgeCode(code).allowed) codes.set(url, code);
    return url;
  });
  guardMethod(URL, 'revokeObjectURL', (_, args) => void codes.delete(args[0]));

  for (const [name, known] of [['Worker', () => ({})], ['SharedWorker', () => ({ port: new MessageChannel().port1 })]] as const) {
    guard(window, name, {
      construct(made, args) {
        if (!args.length) return;
        const url = text(args, 0);
        const code = codeOf(url);
        const verdict = code === undefined ? engine.judgeUrl(url) : judgeCode(code);
        engine.told('workers', url, verdict);
        return verdict.allowed ? undefined : () => failed(made.prototype, known(), 'error');
      },
    });
  }
  return { name: 'workers' };
};
