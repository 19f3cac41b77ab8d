// Other realms of the page's origin: frames (about:blank, srcdoc, javascript:, blob:, the site's own pages) and windows
// that it opens. Each has functions of its own that nobody guards yet: they are guarded the moment the page can reach
// them. Browsers keep the first, empty document's realm for the document that is then loaded into it, so that what runs
// inside by itself finds our guards, too. A document that brings its own tag of ours is left to it.

import { accessor, afterInsertion, guard, guardMethod, guardRealm, HELLO, quietly } from '../page';
import type { CreateGate } from './gate';

const HOLDERS = ['HTMLIFrameElement', 'HTMLFrameElement', 'HTMLObjectElement', 'HTMLEmbedElement'];

export const realms: CreateGate = (engine) => {
  const { read: framesIn } = accessor(window, 'length');
  const { read: currentScript } = accessor(Document.prototype, 'currentScript');
  const { read: sourceOf } = accessor(HTMLScriptElement.prototype, 'src');
  const known = new WeakSet<object>(); // by their location: each realm has one, which no page can replace
  let windows = [{ realm: window as any, frames: 0 }];

  function adopt(realm: any): void {
    const { document, location } = realm; // throws when it is somebody else's
    if (!document || known.has(location)) return;
    known.add(location);
    const undo = guardRealm(realm);
    realm.addEventListener(HELLO, () => {
      if (quietly(() => engine.ours(sourceOf(currentScript(realm.document))))) undo();
    });
    windows.push({ realm, frames: 0 });
    engine.watch(document);
  }

  /** A window, or a document, that the page is about to be given. */
  function reach<T>(found: T): T {
    quietly(() => adopt((found as any)?.defaultView || found));
    return found;
  }

  /** Frames that came since we looked last. */
  function sweep(): void {
    for (const one of windows) {
      const frames = framesIn(one.realm);
      if (frames === one.frames) continue;
      one.frames = frames;
      windows = windows.filter(({ realm }) => !realm['closed']);
      for (let i = 0; i < frames; i++) reach(one.realm[i]);
    }
  }

  known.add(location);
  afterInsertion(sweep);
  for (const type of HOLDERS) {
    const prototype = (globalThis as any)[type]?.prototype;
    for (const name of ['contentWindow', 'contentDocument']) guard(prototype, name, { get: (self, args, pass) => () => reach(pass(self, args)) });
    guardMethod(prototype, 'getSVGDocument', (self, args, pass) => () => reach(pass(self, args)));
  }
  for (const owner of [window, Document.prototype]) guardMethod(owner, 'open', (self, args, pass) => () => reach(pass(self, args)));

  // What a frame holds after it has gone elsewhere: before the page's own listeners, because we were here first.
  const loaded = ({ target }: Event): void => void quietly(() => {
    const { contentDocument } = target as HTMLIFrameElement;
    if (contentDocument) engine.watch(contentDocument);
  });
  document.addEventListener('load', loaded, true);
  return {
    name: 'realms',
    selector: 'iframe,frame,object,embed',
    seen: (holder) => void (holder as any).contentWindow, // through the guard
  };
};
