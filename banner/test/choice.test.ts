import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change, decisionsOf, isComplete, serviceGranted, stillAnswered, takesBack, trackerGranted, type Choice } from '../src/choice';
import { configuration, service, tracker } from './builders';

const youtube = service('youtube', 'social');
const matomo = service('matomo', 'audience');
const odd = service('odd', null);
const site = configuration([youtube, matomo, odd]);
const choice = (purposes: Choice['purposes'], services: Choice['services'] = {}, version = 17): Choice => ({ purposes, services, version, id: 'x', time: '' });
const YES = choice({ audience: true, social: true });
const NO = choice({ audience: false, social: false });
const exempt = { exemption: true };

test('before the choice nothing is granted', () => assert.equal(serviceGranted(site, null, youtube), false));
test('a service follows its purpose', () => {
  assert.equal(serviceGranted(site, YES, youtube), true);
  assert.equal(serviceGranted(site, NO, youtube), false);
});
test('an unclassified service is blocked even after accept all', () => assert.equal(serviceGranted(site, YES, odd), false));
test('an answer for a service alone wins over its purpose', () => {
  assert.equal(serviceGranted(site, choice({ social: false }, { youtube: true }), youtube), true);
  assert.equal(serviceGranted(site, choice({ social: true }, { youtube: false }), youtube), false);
});
test('an exempt service is never blocked', () => assert.equal(serviceGranted(site, NO, service('cdn', null, { exempt: true })), true));
test('a tracker follows its own purpose, not its service', () => {
  assert.equal(trackerGranted(site, choice({ audience: true, social: false }), youtube, tracker('a', 'audience')), true);
  assert.equal(trackerGranted(site, choice({ social: true }), youtube, tracker('a', 'audience')), false);
});
test('an unclassified tracker is blocked even after accept all', () => assert.equal(trackerGranted(site, YES, matomo, tracker('a', null)), false));
test('an exempt tracker may be written before the choice', () => assert.equal(trackerGranted(site, null, matomo, tracker('sid', 'necessary', exempt)), true));
test('exempt audience measurement stops at an explicit no, and only then', () => {
  const aud = tracker('aud', 'audience', exempt);
  assert.equal(trackerGranted(site, null, matomo, aud), true);
  assert.equal(trackerGranted(site, choice({ social: false }), matomo, aud), true);
  assert.equal(trackerGranted(site, NO, matomo, aud), false);
});
test('what is necessary goes on after a refusal', () => assert.equal(trackerGranted(site, NO, matomo, tracker('sid', 'necessary', exempt)), true));

test('a purpose that changed since is not answered, the others stay', () => {
  const moved = configuration([youtube], { purposes: site.purposes.map((one) => ({ ...one, since: one.id === 'social' ? 18 : 1 })) });
  const kept = stillAnswered(moved, choice({ audience: true, social: true }, { youtube: true }));
  assert.deepEqual({ ...kept.purposes }, { audience: true });
  assert.deepEqual({ ...kept.services }, {});
  assert.equal(isComplete(moved, kept), false);
  assert.deepEqual({ ...decisionsOf(moved, kept) }, { audience: true, social: false });
});
test('answering a purpose takes the place of what was answered for its services', () => {
  const next = change(site, choice({ social: false }, { youtube: true }), { social: false });
  assert.deepEqual({ ...next.services }, {});
});
test('granting a service answers no purpose', () => {
  const next = change(site, null, { youtube: true, nobody: true });
  assert.deepEqual([{ ...next.purposes }, { ...next.services }], [{}, { youtube: true }]);
});
test('taking back is noticed for purposes and services', () => {
  assert.equal(takesBack(site, YES, NO), true);
  assert.equal(takesBack(site, choice({}, { youtube: true }), NO), true);
  assert.equal(takesBack(site, NO, YES), false);
  assert.equal(takesBack(site, null, NO), false);
});
