// What the scripts of random pages do, and the log of it. An entry is a lane and a sentence: order is promised within a
// lane and between no two.
'use strict';
window.T = {
  log: [],
  last: 0,
  pending: 0,
  say(lane, text) {
    T.log.push([lane, text]);
    T.last = performance.now();
  },
  current: () => (document.currentScript ? document.currentScript.id : 'nobody'),

  // `on` is the script's own: what adds a listener is told by the stack where nothing else does.
  run(id, lane, kind, actions, on) {
    const me = document.currentScript;
    // Only what blocks the parser, and what waits for its end, knows what readyState it will find.
    const state = kind === 'blocking' || kind === 'deferred' ? ' while ' + document.readyState : '';
    T.say(lane, id + ' runs in ' + T.current() + state);
    for (const [name, ...given] of actions) T.actions[name]({ id, lane, me, on }, ...given);
    if (kind !== 'module') T.say(lane, id + ' has run in ' + T.current());
  },

  hear({ id, lane }, label) {
    return function (event) {
      const its = this === event.currentTarget ? 'its' : 'lost';
      const target = event.target === document ? 'document' : event.target === window ? 'window' : 'else';
      T.say(lane, `${id} hears ${label}: ${event.type} at ${target}, ${its}, ${document.readyState}, ${T.current()}`);
    };
  },

  actions: {
    listen(context, target, type, how) {
      const to = target === 'window' ? window : document;
      const on = { addEventListener: (...given) => context.on(to, ...given), removeEventListener: (...given) => to.removeEventListener(...given) };
      const hear = T.hear(context, how + ' ' + type + ' on ' + target);
      if (how === 'plain') on.addEventListener(type, hear);
      if (how === 'once') on.addEventListener(type, hear, { once: true });
      if (how === 'capture') on.addEventListener(type, hear, true);
      if (how === 'object') on.addEventListener(type, { handleEvent(event) { hear.call(event.currentTarget, event); } });
      if (how === 'twice') for (let i = 0; i < 2; i++) on.addEventListener(type, hear);
      if (how === 'removed') {
        on.addEventListener(type, hear);
        on.removeEventListener(type, hear);
      }
      if (how === 'aborted') {
        const control = new AbortController();
        on.addEventListener(type, hear, { signal: control.signal });
        control.abort();
      }
    },
    handler(context, target, name) {
      const on = target === 'window' ? window : target === 'body' ? document.body || window : document;
      const before = on[name];
      const hear = T.hear(context, name);
      on[name] = function (event) {
        if (before) before.call(this, event);
        hear.call(this, event);
      };
    },
    ready({ id, lane }) {
      const ready = () => T.say(lane, id + ' is ready');
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
      else ready();
    },
    jquery({ id }) {
      const completed = () => {
        document.removeEventListener('DOMContentLoaded', completed);
        window.removeEventListener('load', completed);
        T.say(id + ' jquery', id + ' is ready');
      };
      if (document.readyState === 'complete' || document.readyState !== 'loading') setTimeout(completed);
      else {
        document.addEventListener('DOMContentLoaded', completed);
        window.addEventListener('load', completed);
      }
    },
    complete({ id, lane }) {
      document.addEventListener('readystatechange', () => {
        if (document.readyState === 'complete') T.say(lane, id + ' sees complete');
      });
    },
    needs({ id, lane }, other) {
      T.say(lane, id + ' finds ' + other + ' ' + typeof window['g_' + other]);
    },
    write({ id, lane }, pieces, wanted) {
      for (const [name, ...given] of pieces) document[name](...given);
      T.say(lane, id + ' has written ' + (wanted ? !!document.getElementById(wanted) : ''));
    },
    insert({ me }, spec) {
      const script = document.createElement('script');
      script.id = spec.id;
      if (spec.module) script.type = 'module';
      if (spec.inOrder) script.async = false;
      if (T.nonce) script.nonce = T.nonce;
      T.pending++;
      const over = (what) => () => {
        T.pending--;
        T.say(spec.lane, spec.id + ' ' + what + ' in ' + T.current());
        if (what === 'loaded' && spec.listens) T.actions.listen({ id: spec.id, lane: spec.lane, on: (to, ...given) => to.addEventListener(...given) }, 'window', 'load', 'plain');
      };
      script.onload = over('loaded');
      script.addEventListener('error', over('failed'));
      const place = () => {
        const first = document.getElementById('harness');
        if (spec.place === 'head') document.head.append(script);
        else if (spec.place === 'after' && me) me.after(script);
        else first.parentNode.insertBefore(script, first);
      };
      if (spec.late) place();
      script.src = spec.src;
      if (!spec.late) place();
    },
    element({ id, me }, place) {
      const made = document.createElement('i');
      made.id = 'by-' + id;
      me[place](made);
    },
    html({ me }, html) {
      const host = document.createElement('div');
      me.after(host);
      host.innerHTML = html;
    },
    cookie(_, name) {
      document.cookie = name + '=1; Path=/; Max-Age=1000';
    },
    local(_, name) {
      localStorage.setItem(name, '1');
    },
    session(_, name) {
      sessionStorage[name] = '1';
    },
    later({ id }) {
      setTimeout(() => T.say(id + ' timer', id + ' later in ' + T.current()));
      void Promise.resolve().then(() => T.say(id + ' task', id + ' soon'));
    },
    throws({ id }) {
      throw new Error(id);
    },
  },
};
window.addEventListener('error', ({ message }) => message && T.say('errors', message));
