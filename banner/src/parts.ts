// What some sites use and others do not. Each family is built into expressions of its own (build.mjs); the server puts
// those that a configuration uses in front of this runtime, as `$parts`. Nothing here knows what a part does.
// The names in these interfaces cross from one build to another: internal-names.mjs may shorten none of them.

import type { Answers } from './choice';
import type { Configuration } from './configuration';
import { quietly } from './page';

/** What the runtime lends to a part. */
export interface Lent {
  readonly site: Configuration;
  has(id: string): boolean; // is this purpose, or this service, granted now?
  decisions(): Answers; // one yes or no for every purpose that is asked
  cookies(): string; // all of them, also those that the page does not see
  endOf(time: number): number; // of a choice made then
}

/** Made once, before anything of the page runs and as if nothing had been answered yet. */
export type CreatePart = (lent: Lent) => Part;

export interface Part {
  imported?(): Imported | undefined; // asked once, where no choice of ours exists
  told?(): void; // there is a choice, or another one: it holds, and nothing was deleted or opened yet
  report?(): object; // what debug() shows of it
}

/** A choice that was made elsewhere; what was not answered there is not in it. */
export interface Imported {
  readonly purposes: Answers;
  readonly time: number;
}

declare const $parts: readonly CreatePart[] | undefined;

export const createParts = (lent: Lent): Part[] =>
  (typeof $parts === 'undefined' ? [] : $parts).flatMap((create) => quietly(() => create(lent)) || []);
