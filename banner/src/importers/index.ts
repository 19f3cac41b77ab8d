// The choice a visitor made with the platform that asked on this site before us: read once, when none of ours exists. One
// file for each platform, which knows its cookie and nothing of our purposes; what their names mean here is data
// (`signals.import` in the configuration), written by the site's owner. Never wider than what was answered: a purpose is
// granted when every name it stands for was accepted, and not answered while one of them was not.

import type { CreatePart } from '../parts';

/** What a platform kept; `time` is left out where it keeps none. */
export interface Found {
  readonly answers: { readonly [name: string]: unknown };
  readonly time?: string | number;
}

/** `cookie` is where it keeps it unless the site says otherwise; `read` gives nothing when no choice was made. */
export interface Platform {
  readonly cookie: string;
  read(value: string, tools: Tools): Found | false | '';
}

export interface Tools {
  readonly names: readonly string[]; // that the site's mapping knows
  cookie(name: string): string; // another cookie, as it was written
  decoded(text: string): string;
  json(text: string): any;
  fields(text: string, between: string, equals: string): { [name: string]: string };
}

interface Settings {
  readonly from: string;
  readonly purposes: { readonly [purpose: string]: readonly string[] };
  readonly since?: string; // no choice is older than this, and one without a date counts from here
  readonly cookie?: string;
}

const LONGEST = 8192;
const ANSWERS: [yes: unknown[], no: unknown[]] = [[true, 'true', '1', 'allow'], [false, 'false', '0', 'deny']];

const own = (object: object, name: string): any => (Object.hasOwn(object, name) ? (object as any)[name] : undefined);
const answerOf = (value: unknown): boolean | undefined => (ANSWERS[0].includes(value) ? true : ANSWERS[1].includes(value) ? false : undefined);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
};

export default (platforms: { [name: string]: Platform }): CreatePart => ({ site, cookies, endOf }) => ({
  imported() {
    const { from, purposes, since, cookie: named } = site.signals.import as Settings;
    const jar = cookies().split('; ');
    const cookie = (name: string): string => {
      const pair = jar.find((one) => one.startsWith(name + '=')) || '';
      return pair.length > LONGEST ? '' : pair.slice(name.length + 1);
    };
    const tools: Tools = {
      names: Object.values(purposes).flat(),
      cookie,
      decoded,
      json: (text) => {
        const found = JSON.parse(text);
        return found && typeof found === 'object' ? found : {};
      },
      fields: (text, between, equals) =>
        Object.fromEntries(text.split(between).map((one) => {
          const [name] = one.split(equals, 1) as [string];
          return [name.trim(), one.slice(name.length + 1)];
        })),
    };

    const { cookie: usual, read } = platforms[from]!;
    const value = cookie(named || usual);
    const found = value && read(value, tools);
    if (!found) return;

    const first = since ? Date.parse(since) : -Infinity;
    const time = found.time === undefined ? first : +new Date(found.time);
    if (!(time >= first && time <= Date.now() && endOf(time) > Date.now())) return; // too old, in the future, or no time at all

    const refused = (globalThis.navigator as any)?.globalPrivacyControl === true ? (site.signals.gpc as any)?.purposes || [] : [];
    const answered = site.purposes.filter(({ exempt }) => !exempt).flatMap(({ id }) => {
      const answers = (own(purposes, id) || []).map((name: string) => answerOf(own(found.answers, name)));
      return answers[0] === undefined || answers.includes(undefined) ? [] : [[id, answers.every(Boolean) && !refused.includes(id)] as const];
    });
    return answered[0] && { purposes: Object.fromEntries(answered), time };
  },
});
