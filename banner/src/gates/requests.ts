// Requests that scripts make: fetch, XMLHttpRequest, sendBeacon. A refusal looks like a network that is down, which
// every caller has to expect anyway.

import { accessor, guardMethod } from '../page';
import type { CreateGate } from './gate';

const NOWHERE = 'refused:'; // a scheme no browser fetches: XMLHttpRequest reports a network error by itself

export const requests: CreateGate = (engine) => {
  const urlOf = accessor(Request.prototype, 'url').read;

  const refused = (url: unknown): boolean => {
    const { allowed, service } = engine.judgeUrl(url);
    if (!allowed) engine.refused('requests', '' + url, service);
    return !allowed;
  };

  guardMethod(window, 'fetch', (_, [input]) =>
    refused(input instanceof Request ? urlOf(input) : input) ? () => Promise.reject(new TypeError('Failed to fetch')) : undefined,
  );
  guardMethod(Navigator.prototype, 'sendBeacon', (_, [url]) => (refused(url) ? () => true : undefined));
  guardMethod(XMLHttpRequest.prototype, 'open', (self, args, pass) =>
    refused(args[1]) ? () => pass(self, [args[0], NOWHERE, ...args.slice(2)]) : undefined,
  );
  return { name: 'requests' };
};
