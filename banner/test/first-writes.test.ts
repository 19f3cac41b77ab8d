import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstWrites, nameIn } from '../src/first-writes';
import { DAY, store } from './builders';

const CAP = 33955200;

function setting() {
  const clock = { now: Date.UTC(2026, 10, 22) };
  const kept = store();
  return { clock, kept, writes: firstWrites(kept, () => clock.now) };
}

test('written again after thirty days a cookie has thirty days less', () => {
  const { clock, writes } = setting();
  const end = writes.end('_ga', CAP);
  clock.now += 30 * DAY;
  assert.equal(writes.end('_ga', CAP), end);
});
test('a life that is over begins again', () => {
  const { clock, writes } = setting();
  writes.end('_ga', CAP);
  clock.now += 394 * DAY;
  assert.equal(writes.end('_ga', CAP), clock.now + CAP * 1000);
});
test('a storage key is not the cookie of that name', () => {
  const { clock, writes } = setting();
  writes.end(nameIn('cookie', 'x'), CAP);
  clock.now += DAY;
  assert.equal(writes.end(nameIn('local_storage', 'x'), CAP), clock.now + CAP * 1000);
});
test('made-up names have nothing forgotten, and end no later than what they crowd', () => {
  const { clock, kept, writes } = setting();
  const end = writes.end('_ga', CAP);
  clock.now += DAY;
  for (let i = 0; i < 1000; i++) assert.ok(writes.end('x' + i, CAP) <= clock.now + CAP * 1000);
  clock.now += 30 * DAY;
  assert.equal(writes.end('_ga', CAP), end);
  assert.equal(writes.end('x999', CAP), end);
  assert.equal(writes.end('x999', 60), clock.now + 60e3);
  clock.now = end;
  assert.equal(writes.end('later', CAP), clock.now + CAP * 1000, 'room again');
});
test('what was first seen too long ago is over', () => {
  const { clock, writes } = setting();
  assert.equal(writes.over('localStorage x', CAP), false);
  clock.now += 394 * DAY;
  assert.equal(writes.over('localStorage x', CAP), true);
});
test('the service an undeclared cookie came from is remembered until it is forgotten', () => {
  const { writes } = setting();
  writes.end('x', CAP, 'ga');
  assert.equal(writes.serviceOf('x'), 'ga');
  writes.forget('x');
  assert.equal(writes.serviceOf('x'), undefined);
});
test('hostile names and hostile storage do no harm', () => {
  const { kept, writes } = setting();
  writes.end('__proto__', CAP, 'ga');
  assert.equal(writes.serviceOf('__proto__'), 'ga');
  for (const text of ['{', '[]', 'null', '{"a":5}', '{"a":["x"]}']) {
    kept.set('eu-consent-writes', text);
    assert.equal(writes.serviceOf('a'), undefined);
  }
});
