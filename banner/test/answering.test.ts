import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswering } from '../src/answering';
import type { Choice } from '../src/choice';
import { configuration, service } from './builders';

// What a page has and node has not.
Object.defineProperty(globalThis, 'location', { value: { origin: 'https://x.example', pathname: '/' } });
Object.defineProperty(globalThis, 'navigator', { value: {} });

function answering() {
  const done: string[] = [];
  const did = (what: string) => () => void done.push(what);
  const engine = { choice: null as Choice | null };
  const made = createAnswering({
    configuration: configuration([service('a', 'audience')]),
    engine: engine as any,
    saved: { read: () => ({ state: 'none' }), write: did('kept'), forget: did('forgotten') },
    told: () => done.push('told ' + (engine.choice?.purposes.audience ?? null)),
    cleanup: () => (done.push('cleaned'), []),
    outbox: { post: did('recorded'), send: async () => void done.push('sent'), receipt: () => null },
    language: () => 'fr',
    openGates: did('opened'),
    show: did('hidden'),
    changed: did('changed'),
    drawn: (deed) => (done.push('drawn'), deed()),
    reload: did('reloaded'),
    now: () => 0,
  });
  return { made, done };
}

test('vendors are told once what was decided, after it is kept and before anything is deleted, opened or loaded anew', () => {
  const { made, done } = answering();
  made.all(true);
  assert.deepEqual(done.splice(0), ['kept', 'recorded', 'told true', 'hidden', 'cleaned', 'opened', 'sent', 'changed']);
  made.all(false);
  assert.deepEqual(done.splice(0), ['kept', 'recorded', 'told false', 'hidden', 'cleaned', 'opened', 'sent', 'changed', 'reloaded']);
  made.expire('id');
  assert.deepEqual(done.splice(0), ['forgotten', 'recorded', 'told null', 'hidden', 'cleaned', 'opened', 'sent', 'changed']);
});

test('who presses a button sees the banner go before the work begins, and not before the answer is kept; what is taken back goes at once', () => {
  const { made, done } = answering();
  made.all(true, 1);
  assert.deepEqual(done.splice(0), ['kept', 'recorded', 'told true', 'hidden', 'drawn', 'cleaned', 'opened', 'sent', 'changed']);
  made.all(false, 2);
  assert.ok(!done.includes('drawn'));
});
