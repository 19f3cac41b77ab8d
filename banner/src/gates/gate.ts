// What a gate is: the code that keeps one blocking vector shut until its purpose is granted. A gate knows the engine
// and no other gate. To add one: a file here, a line in gates/index.ts.

import type { Choice } from '../choice';
import type { Kind, Service, Tracker } from '../configuration';
import type { FirstWrites } from '../first-writes';
import type { Addressed, Rules } from '../rules';

/** URL of the script that writes; asked for only where a name is unknown, because looking costs a stack trace. */
export type Writer = () => string | null;

/** May this pass? `service` is whose it is, null when nobody's; `lifetime` is the longest life it may have, in seconds. */
export interface Verdict {
  readonly allowed: boolean;
  readonly why: string | Tracker | Addressed; // the rule that decided, for debug()
  readonly service: Service | null;
  readonly lifetime: number; // 0: the browser session
}

export interface Engine {
  readonly rules: Rules;
  readonly writes: FirstWrites;
  readonly elements: Elements;
  readonly writers: WeakMap<Element, (text?: unknown) => void>; // scripts that are run late and may write now: what to do with it
  readonly choice: Choice | null; // another object after every answer
  ours(url: string): boolean; // our script, and what it asks our server for
  readonly nonce: string; // of our script, where it has one
  answered(): boolean; // every purpose that is asked
  watch(root: Node): void; // look at what comes into another document, too
  write(script: Element, markup: unknown): void; // where the script stands, as the parser would have
  now(): number;
  judgeUrl(url: unknown): Verdict;
  codeOf(url: string): string | undefined; // what a data: or blob: address carries, as far as it is known
  judgeText(text: string): Verdict; // code or markup: the first address in it that may not be asked for
  judgeName(kind: Kind, name: string, writer: Writer | null): Verdict; // null: nobody writes, the name alone counts
  writer: Writer; // the script that is running, for names nobody declared
  judgeElement(element: Element, url: string | null): Verdict; // its data-consent tags and its URL: both must be granted
  placeholder(service: Service | null, frame: Element, url: string): Element | null; // null: no view, or not worth one
  again(what: string): boolean; // load the page again, for what only the parser can do; false: it may not be
  told(gate: string, what: string, verdict: Verdict, writer?: string | null): void; // a decision, for debug()
}

/** Made once, before the page runs: a gate is shut from the moment it exists. */
export type CreateGate = (engine: Engine) => Gate;

export interface Gate {
  readonly name: string;
  readonly selector?: string; // elements it wants to see when they are inserted
  seen?(element: Element): void; // the parser or the page inserted this element
  open?(): void; // a choice was made: let go of whatever is granted now
  held?(): string[]; // what waits, for debug()
}

/** Elements whose URL attributes we may hold back. Shared by the gates that deal in elements (elements.ts). */
export interface Elements {
  guard(tag: string, prototype: object | undefined, attributes: string[], listener?: HoldListener): void;
  look(selector: string, look: (element: Element) => void): void; // what else has to be seen before it goes in
  text(tag: string, turn: (text: string, element: Element) => string): void; // … and what may stand in it
  turned(element: Element, text: unknown): string | undefined;
  deposit(standIn: Element): string; // what is held of it is the element's that carries these attributes
  readonly selector: string; // all that has to be seen
  seen(element: Element): void;
  inspect(element: Element): boolean; // hold what may not load, fill data-src where it may; true: something is held
  inspectAll(root: Node): void;
  offends(element: Element): boolean; // it has begun to load what it may not
  heldUrl(element: Element): string | null;
  release(tag: string): void;
  held(tag: string): Element[];
  urls(tag: string): string[]; // what is held, for debug()
}

export interface HoldListener {
  hold?(element: Element): unknown;
  release?(element: Element): unknown;
}
