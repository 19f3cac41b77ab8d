// Every gate there is, in the order in which they shut and open: cookies before what may write them.

import { cookies } from './cookies';
import { cookieStore } from './cookie-store';
import { databases } from './databases';
import { frames } from './frames';
import type { CreateGate } from './gate';
import { images } from './images';
import { markup } from './markup';
import { realms } from './realms';
import { requests } from './requests';
import { scripts } from './scripts';
import { storage } from './storage';
import { workers } from './workers';

export const GATES: readonly CreateGate[] = [cookies, cookieStore, storage, databases, requests, workers, images, frames, markup, scripts, realms];
