// Every gate there is, in the order in which they shut and open: cookies before what may write them.

import { cookies } from './cookies';
import { cookieStore } from './cookie-store';
import { databases } from './databases';
import { forms } from './forms';
import { frames } from './frames';
import type { CreateGate } from './gate';
import { animations, images } from './images';
import { links } from './links';
import { markup } from './markup';
import { media } from './media';
import { realms } from './realms';
import { requests } from './requests';
import { scripts } from './scripts';
import { storage } from './storage';
import { styles } from './styles';
import { workers } from './workers';
import { writes } from './writes';

export const GATES: readonly CreateGate[] = [
  cookies, cookieStore, storage, databases, requests, workers, images, animations, media, links, styles, frames, forms, markup, writes, scripts, realms,
];
