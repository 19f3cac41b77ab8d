// Requests that scripts make: fetch, XMLHttpRequest, sendBeacon. A refusal looks like a network that is down, which
// every caller has to expect anyway.

import { accessor, apply, guardMethod } from '../page';
import type { Engine, Gate } from './gate';

const NOWHERE = 'refused:'; // a scheme no browser fetches: XMLHttpRequest reports a network error by itself

export function requests(): Gate {
  let engine: Engine;

  const refused = (url: unknown): boolean => {
    const verdict = engine.judgeUrl(url);
    if (!verdict.allowed) engine.refused('requests', '' + url, verdict.service);
    return !verdict.allowed;
  };

  return {
    name: 'requests',
    shut(its) {
      engine = its;
      const urlOf = accessor(Request.prototype, 'url').read;
      guardMethod(window, 'fetch', (_, [input]) => {
        if (!refused(input instanceof Request ? urlOf(input) : input)) return;
        return () => Promise.reject(new TypeError('Failed to fetch'));
      });
      guardMethod(Navigator.prototype, 'sendBeacon', (_, [url]) => (refused(url) ? () => true : undefined));
      const open = XMLHttpRequest.prototype.open;
      guardMethod(XMLHttpRequest.prototype, 'open', (self, args) =>
        refused(args[1]) ? () => apply(open, self, [args[0], NOWHERE, ...args.slice(2)]) : undefined,
      );
    },
  };
}
