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
    outbox: { post: async () => void done.push('posted'), send() {}, receipt: () => null },
    language: () => 'fr',
    openGates: did('opened'),
    changed: did('changed'),
    reload: did('reloaded'),
    now: () => 0,
  });
  return { made, done };
}

test('vendors are told once what was decided, after it is kept and before anything is deleted, opened or loaded anew', () => {
  const { made, done } = answering();
  made.all(true);
  assert.deepEqual(done.splice(0), ['kept', 'told true', 'cleaned', 'opened', 'posted', 'changed']);
  made.all(false);
  assert.deepEqual(done.splice(0), ['kept', 'told false', 'cleaned', 'opened', 'posted', 'changed', 'reloaded']);
  made.expire('id');
  assert.deepEqual(done.splice(0), ['forgotten', 'told null', 'cleaned', 'opened', 'posted', 'changed']);
});
