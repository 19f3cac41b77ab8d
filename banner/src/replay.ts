// Runs scripts that were held, as the parser would have: those that block it one after the other, each with what it writes;
// then deferred ones and modules; then DOMContentLoaded, and load once nothing is on its way any more. Asynchronous ones
// run at once. Their moments are told by late-events.ts.

import { childNodes, currentScript, find, firstChild, getAttribute, insertBefore, localName, nextSibling, parentNode, position, removeAttribute, removeChild, scriptLike, setAttribute, within } from './dom';
import type { Engine } from './gates/gate';
import { lateEvents, TOLD } from './late-events';
import { isComplete, isParsing, listen, quietly } from './page';
import { parsedWhole } from './written';

export interface HeldScript {
  readonly script: HTMLScriptElement;
  readonly type: string | null; // the type to run it with
}

export interface Replayer {
  run(scripts: HeldScript[]): void;
  mark(script: Element): void; // released by its src alone: the browser runs it by itself
  seen(script: Element): void; // came into the page
  write(script: Element, markup: unknown): void; // markup that waited, where the script stands
  spent(script: Element): void; // the browser will never run this element any more
}

const LATE = 'late'; // the type of what is written and has to wait for its turn
const FLIGHT = 2e3; // ms: how long load waits for a script that may have come from markup, which never runs
const { queueMicrotask, setTimeout } = globalThis;

// What browsers run (HTML, "JavaScript MIME type essence match"). Of anything else they tell neither load nor error.
const RUNS = /^\s*(\w+\/(x-)?(java|ecma|j|live)script(1\.[0-5])?|module)?\s*$/i;
const IN_HEAD = /^(script|style|link|meta|title|base|template|noscript|#.*)$/i;

const has = (script: Element, name: string): boolean => getAttribute(script, name) !== null;
const isModule = (type: string | null): boolean => /^\s*module\s*$/i.test(type || '');
export const isRun = (script: Element, type: string | null): boolean => RUNS.test(type || '') && (isModule(type) || !has(script, 'nomodule'));

/** `allowed` is asked again when a script's turn comes; `again` loads the page again, if it may, for what only the parser
 * can do. */
export function replayer({ elements, judgeUrl, writer, writers }: Engine, allowed: (held: HeldScript) => boolean, again: (script: Element) => boolean): Replayer {
  const ours = new WeakSet<Element>();
  const urls = new Set<string | null>(); // theirs
  const spent = new WeakSet<Element>();
  const states = new WeakMap<Element, [state: string, round: number]>(); // the readyState it would have found
  const line: HeldScript[] = []; // what blocks the parser, the next one first
  const deferred: HeldScript[] = [];
  const flying = new Set<Element>(); // on their way in no order: load waits for them
  let point = 0; // where in the line the running script writes: before what follows it
  let busy: Element | null = null; // the one of the line that is awaited
  let modules = 0; // inline ones, of which document.currentScript says nothing
  let round = 0;
  let stage = TOLD;
  let opened: Node | null = null; // what the body begins with, because it was written in head

  const events = lateEvents(
    () => {
      const script = currentScript();
      if (script) return ours.has(script);
      // A handler on one of their elements, a module, or something of theirs that runs later.
      if (modules || ours.has(window.event?.target as Element)) return true;
      const url = writer();
      return !!url && (urls.has(url) || !!judgeUrl(url).service);
    },
    () => states.get(currentScript()!)?.[0],
    next,
  );

  const external = (script: Element): boolean => has(script, 'src') || elements.heldUrl(script) !== null;

  function over(script: Element): void {
    quietly(() => writers.get(script)?.());
    events.adopt();
    flying.delete(script);
    if (busy === script) busy = null;
    queueMicrotask(next); // not at once: what observers have to say of this script comes first, as with the parser
  }

  function claim(script: HTMLScriptElement): void {
    ours.add(script);
    urls.add(script.src);
    for (const type of ['load', 'error']) listen(script, type, () => over(script));
  }

  /** The browser runs this one by itself. */
  function join(script: Element): void {
    claim(script as HTMLScriptElement);
    // Until the page is complete the browser waits by itself, and knows better for what.
    if (!isComplete() || !script.isConnected || spent.has(script) || !isRun(script, getAttribute(script, 'type'))) return;
    flying.add(script);
    setTimeout(() => over(script), FLIGHT);
  }

  /** Put it where it stands, so that the browser runs it. The element itself goes in again: it was never started, so it
   * keeps nonce and listeners, and under Trusted Types the text that the parser gave it. */
  function place(held: HeldScript, inLine?: boolean): void {
    const { script, type } = held;
    const [parent, next] = [parentNode(script), nextSibling(script)];
    const now = spent.has(script) ? scriptLike(script) : script;
    if (inLine) busy = now;
    if (!parent || !allowed(held)) return over(now);
    if (type === null) removeAttribute(now, 'type');
    else setAttribute(now, 'type', type);
    const state = states.get(script);
    if (state) {
      states.set(now, state);
      events.enter(state[1]);
    }
    const runs = isRun(now, type);
    const comes = runs && has(now, 'src');
    const module = runs && !comes && isModule(type);
    if (runs && state?.[0] === 'loading') writing(now, next);
    claim(now);
    if (!inLine && comes || module) flying.add(now);
    removeChild(parent, script);
    // Asynchronous for this moment: the order is ours, and scripts that others insert in order are not waited for.
    const alone = has(now, 'async');
    now.async = true;
    insertBefore(parent, now, next);
    now.async = alone;
    if (comes) return;
    if (!module) return over(now);
    // Nobody tells when an inline module has run. Without imports it does so in the next tasks.
    modules++;
    setTimeout(() => setTimeout(() => {
      modules--;
      over(now);
    }));
  }

  /** In its place among those that keep their order, or at once where there is none. True: it is in the line. */
  function enlist(held: HeldScript, at: number): boolean {
    const { script, type } = held;
    const module = isModule(type);
    const alone = module || external(script);
    const blocks = !alone || !(module || has(script, 'async') || has(script, 'defer'));
    if (alone && has(script, 'async')) quietly(() => place(held));
    else {
      states.set(script, [blocks ? 'loading' : 'interactive', round]);
      if (blocks) line.splice(at, 0, held);
      else deferred.push(held);
    }
    return blocks;
  }

  function put(script: Element, next: Node | null, text: unknown, last?: boolean): boolean {
    const nodes = parsedWhole(parentNode(script)!, text, last);
    nodes?.forEach((node) => insert(node, script, next));
    return !!nodes;
  }

  /** The running script may write, which goes before `next`. */
  function writing(script: HTMLScriptElement, next: Node | null): void {
    let text = '';
    const done = (last?: boolean): unknown => put(script, next, text, last) && ((text = ''), true);
    writers.set(script, (more) => {
      if (more === undefined) { // it has run
        writers.delete(script);
        if (!text || done()) return;
        if (again(script)) stage = TOLD;
        else done(true);
      } else if (typeof more === 'object') put(script, next, more, true); // under Trusted Types only the object itself may be parsed
      else {
        text += more;
        if (!/(<|&#?\w*)$/.test(text)) done(); // the next piece may go on there
      }
    });
  }

  function insert(node: Node, script: Element, next: Node | null): void {
    const parent = parentNode(script) as Element;
    const body = localName(parent) === 'head' && [...find(parent.parentElement!, 'body')][0];
    const held = (within(node, 'script') as HTMLScriptElement[]).flatMap((script) => {
      const type = getAttribute(script, 'type');
      if (localName(script) !== 'script' || !isRun(script, type)) return [];
      setAttribute(script, 'type', LATE);
      return { script, type };
    });
    elements.inspectAll(node);
    if (body && (opened || !IN_HEAD.test(node.nodeName))) {
      insertBefore(body, node, opened ? nextSibling(opened) : firstChild(body));
      opened = node;
    } else insertBefore(parent, node, !next || parentNode(next) === parent ? next : nextSibling(script));
    for (const one of held) {
      spent.delete(one.script); // a fragment's run
      if (!enlist(one, point)) continue;
      if (point || external(one.script)) point++; // one that is awaited keeps what follows
      else place(line.shift()!);
    }
  }

  function next(): void {
    if (busy || stage === TOLD) return;
    point = 0;
    const held = line.shift() || (isParsing() || !stage ? undefined : deferred.sort((a, b) => (position(a.script, b.script) & 4 ? -1 : 1)).shift());
    if (held) return void (quietly(() => (place(held, true), true)) || over(held.script));
    if (isParsing() || (stage > 1 && (flying.size || !isComplete() || (stage > 2 && !events.loaded())))) return;
    events.tell(stage++);
    next();
  }

  function begin(): void {
    round = events.begin();
    stage = 0;
    // Not in the click that gave the answer: the banner goes first.
    if (!isParsing()) setTimeout(next);
  }

  return {
    run(scripts) {
      if (!scripts[0] && !flying.size) return;
      begin();
      for (const held of scripts) enlist(held, line.length);
      if (isParsing()) next();
    },
    mark: join,
    seen: (script) => void (stage === TOLD || ours.has(script) || join(script)), // one with src
    write(script, markup) {
      begin();
      put(script, script, markup, true);
    },
    spent: (script) => void spent.add(script),
  };
}
