import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstWrites, keyOf } from '../src/first-writes';
import { DAY, store } from './builders';

const CAP = 33955200;

function setting() {
  const clock = { now: Date.UTC(2026, 10, 22) };
  const kept = store();
  return { clock, kept, writes: firstWrites(kept, () => clock.now) };
}

test('written again after thirty days a cookie has thirty days less', () => {
  const { clock, writes } = setting();
  const end = writes.end(keyOf('_ga'), CAP);
  clock.now += 30 * DAY;
  assert.equal(writes.end(keyOf('_ga'), CAP), end);
});
test('a life that is over begins again', () => {
  const { clock, writes } = setting();
  writes.end(keyOf('_ga'), CAP);
  clock.now += 394 * DAY;
  assert.equal(writes.end(keyOf('_ga'), CAP), clock.now + CAP * 1000);
});
test('another domain or path is another cookie', () => {
  const { clock, writes } = setting();
  writes.end(keyOf('_ga', '', '/'), CAP);
  clock.now += DAY;
  assert.equal(writes.end(keyOf('_ga', 'example.fr', '/'), CAP), clock.now + CAP * 1000);
});
test('what was first seen too long ago is over', () => {
  const { clock, writes } = setting();
  assert.equal(writes.over('localStorage x', CAP), false);
  clock.now += 394 * DAY;
  assert.equal(writes.over('localStorage x', CAP), true);
});
test('the service an undeclared cookie came from is remembered until it is forgotten', () => {
  const { writes } = setting();
  writes.end(keyOf('x', '', '/'), CAP, 'ga');
  assert.equal(writes.serviceOf('x'), 'ga');
  writes.forget('x');
  assert.equal(writes.serviceOf('x'), undefined);
});
test('hostile names and hostile storage do no harm', () => {
  const { kept, writes } = setting();
  writes.end(keyOf('__proto__'), CAP, 'ga');
  assert.equal(writes.serviceOf('__proto__'), 'ga');
  for (const text of ['{', '[]', 'null', '{"a;;":5}', '{"a;;":["x"]}']) {
    kept.set('eu-consent-writes', text);
    assert.equal(writes.serviceOf('a'), undefined);
  }
});
