// <link> of every kind that makes the browser ask for something, the addresses a click is reported to, and refreshes that
// lead away. A link that only says where something is stays as it is (asked.ts).

import { getAttribute, isConnected, renew, setAttribute } from '../dom';
import { family } from './family';

// Chromium looks at a link again when it is said what it is for, and then gives up what it was loading.
function again(link: Element): void {
  const rel = getAttribute(link, 'rel');
  if (rel === null || !isConnected(link)) return;
  setAttribute(link, 'rel', '');
  setAttribute(link, 'rel', rel);
}

export const links = family('links', ['HTMLLink link href imageSrcset', 'HTMLAnchor a ping', 'HTMLArea area ping', 'HTMLMeta meta content'], {
  // The parser has begun to load it; a style sheet is given up only outside the document.
  hold: (link) => (isConnected(link) && /style/i.test(getAttribute(link, 'rel') || '') ? renew(link) : again(link)),
  release: (link) => getAttribute(link, 'imagesrcset') !== null && again(link),
});
