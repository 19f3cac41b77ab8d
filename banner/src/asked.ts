// What an attribute makes the browser ask for, before it does. Pure: knows no rule and touches no element.

/** Marks an address in a text that may not load yet. It is no URL, so nothing is fetched and no policy is asked. */
export const MARK = 'https://[refused]';

const LISTS = /^(imagesrcset|srcset|ping)$/;
const LOADING = /style|icon|pre[cflr]|manifest|dictionary/i; // stylesheet, preload, prefetch, preconnect, prerender …

/** What `<tag attribute=value>` loads; `read` gives its other attributes. A link that does not say yet what it is for may
 * become one that loads. */
export function urlsIn(tag: string, attribute: string, value: string, read: (name: string) => string | null): string[] {
  if (LISTS.test(attribute)) return value.split(/[\s,]+/);
  if (tag === 'link' && !LOADING.test(read('rel') || 'style')) return [];
  if (tag === 'meta') return /refresh/i.test(read('http-equiv') || '') ? [value.replace(/^[\s\d.]*[;,]?\s*(url\s*=\s*)?["']?|["'].*/gi, '')] : [];
  return [value];
}

// Comments go first, because an apostrophe in one is no string. A string may be an address: in @import, image-set().
const IN_STYLE = /\/\*[^]*?\*\/|(\burl\(\s*)((?:\\[\da-f]{1,6}\s|[^\s"'()])+)|(["'])((?:\\[^]|(?!\3)[^\\\n])*)\3/gi;
const ESCAPE = /\\([\da-f]{1,6})\s?|\\/gi;

/** The same style sheet with every address marked that is refused, and no other. */
export const restyle = (css: string, refused: (url: string) => boolean): string =>
  css.replace(IN_STYLE, (whole, open = '', bare, quote = '', text) => {
    const marked: string | undefined = bare ?? text;
    if (!marked) return whole;
    const url = marked.replace(MARK, '');
    const plain = url.replace(ESCAPE, (_, hex) => (hex ? String.fromCodePoint(Math.min(parseInt(hex, 16), 0x10ffff)) : ''));
    return open + quote + (refused(plain) ? MARK : '') + url + quote;
  });
