// Images and tracking pixels: `new Image`, src and srcset however they are set, and <img data-consent data-src>; images
// that are buttons, drawn in SVG, or behind a table.

import { renew } from '../dom';
import { family } from './family';

export const images = family('images', [
  'HTMLImage img src srcset', 'HTMLInput input src',
  'SVGImage image href xlink:href', 'SVGFEImage feImage href xlink:href', 'SVGUse use href xlink:href',
  'HTMLBody body background', ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'td', 'th'].map((tag) => ' ' + tag + ' background'),
]);

/** <set attributeName="href" to="…"> in an SVG image; begins again when it is let go. */
export const animations = family('animations', ['SVGSet set to', 'SVGAnimate animate to from values'], { release: renew });
