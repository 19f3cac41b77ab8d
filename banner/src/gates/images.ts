// Images and tracking pixels: `new Image`, src and srcset however they are set, and <img data-consent data-src>.

import { dom } from '../elements';
import type { Engine, Gate } from './gate';

export function images(): Gate {
  let engine: Engine;
  return {
    name: 'images',
    selector: 'img,source',
    shut(its) {
      engine = its;
      engine.elements.guard('img', HTMLImageElement.prototype, ['src', 'srcset']);
      engine.elements.guard('source', HTMLSourceElement.prototype, ['src', 'srcset']);
    },
    seen: (element) => void engine.elements.inspect(element),
    open() {
      engine.elements.release('source');
      engine.elements.release('img');
      // Taken back: an image that stays in memory would be asked for again by the next page before we see it.
      for (const image of dom.find(document.documentElement, 'img')) engine.elements.inspect(image);
    },
    held: () => engine.elements.held('img').map((element) => engine.elements.heldUrl(element) || ''),
  };
}
