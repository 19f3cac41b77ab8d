import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox, type Outbox } from '../src/outbox';
import { DAY, store } from './builders';

function setting(answers: (number | [number, string])[], kept = store()) {
  const sent: { url: string; options: RequestInit }[] = [];
  const timers: [deed: () => void, ms: number][] = [];
  const clock = { now: Date.UTC(2026, 10, 22) };
  const outbox = () =>
    createOutbox({
      url: 'https://consent.example/v1/sites/demo/consents', store: kept, lifetime: 180 * DAY, now: () => clock.now,
      later: (deed, ms) => timers.push([deed, ms]),
      fetch: async (url, options) => {
        sent.push({ url, options });
        const answer = answers.shift() ?? 201;
        const [status, after] = Array.isArray(answer) ? answer : [answer, ''];
        if (!status) throw new TypeError('Failed to fetch');
        return new Response('{"record_id":"r"}', { status, headers: after ? { 'Retry-After': after } : {} });
      },
    });
  return { outbox, sent, timers, clock, kept, left: () => JSON.parse(kept.get('eu-consent-outbox') || '[]').length };
}
const post = (box: Outbox, record: object) => {
  box.post('a', record);
  void box.send();
};
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a record is sent as text/plain without cookies and gone once the server has it', async () => {
  const { outbox, sent, left } = setting([201]);
  const box = outbox();
  post(box, { record_id: 'a' });
  await settled();
  const { method, keepalive, credentials, headers, body } = sent[0]!.options;
  assert.deepEqual([method, keepalive, credentials, (headers as any)['Content-Type'], body], ['POST', true, 'omit', 'text/plain', '{"record_id":"a"}']);
  assert.equal(left(), 0);
  assert.deepEqual(box.receipt(), { record_id: 'r' });
});
test('it stays on the device while the network is away, and goes again with longer waits', async () => {
  const { outbox, sent, timers, left } = setting([0, 503, 201]);
  post(outbox(), {});
  await settled();
  assert.deepEqual([left(), timers[0]![1]], [1, 2000]);
  timers[0]![0]();
  await settled();
  assert.deepEqual([left(), timers[1]![1]], [1, 4000]);
  timers[1]![0]();
  await settled();
  assert.deepEqual([left(), sent.length], [0, 3]);
});
test('a record that is kept again takes the place of the one before, and is sent once', async () => {
  const { outbox, sent, left } = setting([201]);
  const box = outbox();
  box.post('a', { n: 1 });
  post(box, { n: 2 });
  await settled();
  assert.deepEqual([sent.length, sent[0]!.options.body, left()], [1, '{"n":2}', 0]);
});
test('Retry-After is respected', async () => {
  const { outbox, timers } = setting([[429, '120']]);
  post(outbox(), {});
  await settled();
  assert.equal(timers[0]![1], 120e3);
});
test('the next page sends what the last one could not', async () => {
  const { outbox, sent, left } = setting([0]);
  post(outbox(), { record_id: 'a' });
  await settled();
  outbox().send();
  await settled();
  assert.deepEqual([sent.length, left(), sent[0]!.options.body === sent[1]!.options.body], [2, 0, true]);
});
test('404 and 410 stop for this page and keep the record', async () => {
  for (const status of [404, 410]) {
    const { outbox, sent, left, timers } = setting([status]);
    const box = outbox();
    post(box, {});
    await settled();
    box.send();
    await settled();
    assert.deepEqual([sent.length, left(), timers.length], [1, 1, 0]);
  }
});
test('a record the server refuses is tried once a day and dropped with the choice', async () => {
  const { outbox, sent, clock, left } = setting([422, 422]);
  post(outbox(), {});
  await settled();
  outbox().send();
  await settled();
  assert.equal(sent.length, 1);
  clock.now += DAY;
  outbox().send();
  await settled();
  assert.equal(sent.length, 2);
  clock.now += 180 * DAY;
  outbox().send();
  await settled();
  assert.equal(sent.length, 2);
});
test('a refused record does not keep the next one waiting', async () => {
  const { outbox, sent, left } = setting([422, 201]);
  const box = outbox();
  box.post('a', { n: 1 });
  box.post('b', { n: 2 });
  box.send();
  await settled();
  assert.deepEqual([sent.length, left()], [2, 1]);
});
test('what stands in the storage may be anybody’s text', async () => {
  for (const text of ['{', '{}', '[null,1,{"id":1}]', '"x"']) {
    const { outbox, kept, sent } = setting([]);
    kept.set('eu-consent-outbox', text);
    outbox().send();
    await settled();
    assert.equal(sent.length, 0);
  }
});
