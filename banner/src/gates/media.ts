// Video, audio, their sources, subtitles and posters. A source that is held or let go is only noticed when its player
// begins anew.

import { localName, parentNode } from '../dom';
import { originals, quietly } from '../page';
import { family } from './family';

const [load] = originals('HTMLMediaElement', 'load') as any[];
const restart = (element: Element): void => void quietly(() => load(/source|track/.test(localName(element)) ? parentNode(element) : element));

export const media = family(
  'media',
  ['HTMLMedia video src', 'HTMLVideo video poster', 'HTMLMedia audio src', 'HTMLSource source src srcset', 'HTMLTrack track src'],
  { hold: restart, release: restart },
);
