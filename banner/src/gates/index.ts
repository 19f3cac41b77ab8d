// Every gate there is, in the order in which they shut and open: cookies before what may write them.

import { cookies } from './cookies';
import { cookieStore } from './cookie-store';
import { frames } from './frames';
import type { CreateGate } from './gate';
import { images } from './images';
import { markup } from './markup';
import { requests } from './requests';
import { scripts } from './scripts';
import { storage } from './storage';

export const GATES: readonly CreateGate[] = [cookies, cookieStore, storage, requests, images, frames, markup, scripts];
