// Scripts. What the parser inserts is seen before it runs: the specification has the parser let observers run before it
// prepares a script, so making the element inert stops it (Chromium, Safari; Firefox tells by beforescriptexecute too).
// What scripts insert is held by its src. The parser's are released in document order, others as they came in, each once.
// An inline script waits, too, when the browser asks a tracker for what stands in it, before any of it runs: the modules
// that a module imports, the pages of speculation rules. Code that imports when it runs is left to a policy (how-to-guard.md).

import { getAttribute, inOrder, isTagged, ownerDocument, setAttribute } from '../dom';
import { accessor, bare, parse, quietly } from '../page';
import { isRun, replayer } from '../replay';
import { inert } from '../written';
import type { CreateGate, Verdict } from './gate';

const INERT = 'text/plain';
const SOURCES = ['src', 'href', 'xlink:href']; // SVG's

/** Where addresses stand that the browser asks for before code of a type runs. */
const ASKED = bare<RegExp>({ module: /\b(?:import|from)\s*(["'])(.+?)\1/g, speculationrules: /(")(.+?)"/g });

export const scripts: CreateGate = (engine) => {
  const { elements, judgeElement, judgeUrl, nonce, told } = engine;
  const waiting = new Map<Element, string | null>(); // inert script → the type it had
  const modules = bare<string>(); // name → address, as maps of modules say
  const replay = replayer(
    engine,
    ({ script, type }) => mayRun(script) || !waiting.set(script, type), // taken back while it waited for its turn
    (script) => !isTagged(script) && engine.again(urlOf(script) || 'inline'), // tagged: the next page would replay it, too
  );

  const { read: textOf } = accessor(Node.prototype, 'textContent');

  function asked(script: Element): string | undefined {
    const pattern = ASKED[(waiting.get(script) ?? getAttribute(script, 'type') ?? '').toLowerCase()];
    return pattern && [...textOf(script).matchAll(pattern)].map((found) => modules[found[2]!] || found[2]).find((url) => !judgeUrl(url).allowed);
  }
  const urlOf = (script: Element): string | null =>
    elements.heldUrl(script) ?? SOURCES.map((name) => getAttribute(script, name)).find((url) => url !== null) ?? asked(script) ?? null;
  const judge = (script: Element): Verdict => judgeElement(script, urlOf(script));

  // 'strict-dynamic' trusts what we insert: markup that somebody smuggled into a page with nonces must not come to run by
  // our hand. It has the page's nonce, or the catalogue names its address.
  const mayRun = (script: Element): boolean => {
    const url = getAttribute(script, 'src');
    return (!nonce || (script as HTMLElement).nonce === nonce || (url !== null && !!judgeUrl(url).service)) && judge(script).allowed;
  };

  function stop(script: Element): void {
    waiting.set(script, getAttribute(script, 'type'));
    setAttribute(script, 'type', INERT);
    told('scripts', urlOf(script)!, judge(script));
    script.addEventListener(
      'beforescriptexecute',
      (event) => {
        event.preventDefault();
        quietly(() => replay.spent(script));
      },
      { once: true },
    );
  }

  function open(): void {
    elements.release('script');
    replay.run(
      inOrder(waiting.keys()).flatMap((script) => {
        const type = waiting.get(script)!;
        return script.isConnected && mayRun(script) && waiting.delete(script) ? { script: script as HTMLScriptElement, type } : [];
      }),
    );
  }

  function seen(script: Element): void {
    const type = getAttribute(script, 'type');
    if (waiting.has(script)) return;
    if (type === 'importmap') quietly(() => Object.assign(modules, parse(textOf(script)).imports));
    if (type === INERT) {
      if (!isTagged(script)) return;
      waiting.set(script, getAttribute(script, 'data-type')); // <script type="text/plain" data-type="module">
      if (judge(script).allowed) open();
    } else if (urlOf(script) === null || elements.heldUrl(script) !== null) return;
    else if (judge(script).allowed) replay.seen(script);
    else if (isRun(script, type) || asked(script)) stop(script);
    else elements.inspect(script); // the page may make it one that runs
  }

  elements.guard('script', HTMLScriptElement.prototype, SOURCES, { release: replay.mark });
  elements.guard('script', globalThis.SVGScriptElement?.prototype, SOURCES);
  elements.look('script', (script) => {
    if (ownerDocument(script) === inert) replay.spent(script); // what markup makes never runs
    else if (asked(script)) seen(script);
  });
  engine.write = replay.write;
  return {
    name: 'scripts',
    selector: 'script',
    seen,
    open,
    held: () => [...inOrder(waiting.keys()), ...elements.held('script')].map((script) => urlOf(script) || 'inline'),
  };
};
