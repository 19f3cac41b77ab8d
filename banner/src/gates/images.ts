// Images and tracking pixels: `new Image`, src and srcset however they are set, and <img data-consent data-src>.

import { find } from '../dom';
import type { CreateGate } from './gate';

export const images: CreateGate = ({ elements }) => {
  elements.guard('img', HTMLImageElement.prototype, ['src', 'srcset']);
  elements.guard('source', HTMLSourceElement.prototype, ['src', 'srcset']);
  return {
    name: 'images',
    selector: 'img,source',
    seen: elements.inspect,
    open() {
      elements.release('source');
      elements.release('img');
      // Taken back: an image that stays in memory would be asked for again by the next page before we see it.
      for (const image of find(document.documentElement, 'img')) elements.inspect(image);
    },
    held: () => elements.urls('img'),
  };
};
