// Every word the visitor reads: texts of the configuration in one language, else in the site's default one.
import type { Configuration, Translated } from '../configuration';

export interface Words {
  /** The text of that key, its {placeholders} filled. */
  text(key: string, values?: { [name: string]: string | number }): string;
  pick(translated: Translated | undefined): string;
  /** lang and dir of whatever carries these words. */
  readonly voice: { readonly lang: string; readonly dir: 'ltr' | 'rtl' };
}

export function wordsOf({ banner: { texts }, default_language }: Configuration, lang: string): Words {
  const pick = (translated: Translated | undefined): string => translated?.[lang] ?? translated?.[default_language] ?? '';
  const text: Words['text'] = (key, values = {}) =>
    (texts[lang]?.[key] ?? texts[default_language]?.[key] ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => `${values[name] ?? whole}`);
  return { text, pick, voice: { lang, dir: /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/.test(lang) ? 'rtl' : 'ltr' } };
}
