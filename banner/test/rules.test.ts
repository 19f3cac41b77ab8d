import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../src/rules';
import { configuration, service, tracker } from './builders';

const ids = (found: { id: string }[]) => found.map((one) => one.id);
const site = configuration([
  service('wide', 'audience', { url_patterns: ['*.example.com/*'], trackers: [tracker('_g*', 'audience')] }),
  service('exact', 'social', { url_patterns: ['www.example.com/*', 'cdn.other.net/path/*'], trackers: [tracker('_ga', 'social'), tracker('far', 'social', { domain: 'example.org' })] }),
  service('longer', null, { url_patterns: ['cdn.other.net/path/deep/*'] }),
  service('twin', 'audience', { url_patterns: ['cdn.other.net/path/*'] }),
], { known_trackers: ['_fbp', '_hj*'] });
const rules = compile(site, 'www.site.fr');

const services = (url: URL) => rules.addressed(url).map(({ service }) => service);

test('the most specific URL pattern wins, equals come together', () => {
  assert.deepEqual(ids(services(new URL('https://www.example.com/x'))), ['exact']);
  assert.deepEqual(ids(services(new URL('https://a.b.example.com/x'))), ['wide']);
  assert.deepEqual(ids(services(new URL('https://cdn.other.net./path/deep/x'))), ['longer']);
  assert.deepEqual(ids(services(new URL('https://cdn.other.net:8443/path/x'))), ['exact', 'twin']);
  assert.deepEqual(services(new URL('https://innocent.example/')), []);
  assert.deepEqual(services(new URL('data:text/plain,www.example.com/')), []);
});
test('the most specific name wins, and the domain counts', () => {
  const owner = (name: string, host = 'www.site.fr') => compile(site, host).trackers('cookie', name).map((one) => one.service.id);
  assert.deepEqual(owner('_ga'), ['exact']);
  assert.deepEqual(owner('_gid'), ['wide']);
  assert.deepEqual(owner('far'), []);
  assert.deepEqual(owner('far', 'shop.example.org'), ['exact']);
  assert.deepEqual(rules.trackers('local_storage', '_ga'), []);
});
test('of names alike the nearer domain wins', () => {
  const two = configuration([
    service('anywhere', 'audience', { trackers: [tracker('id', 'audience')] }),
    service('here', 'social', { trackers: [tracker('id', 'social', { domain: '.site.fr' })] }),
  ]);
  const owner = (host: string) => compile(two, host).trackers('cookie', 'id').map((one) => one.service.id);
  assert.deepEqual(owner('www.site.fr'), ['here']);
});
test('addresses on ruled hosts are found in code, however they are written', () => {
  assert.deepEqual(rules.named('importScripts("https://CDN.other.net/path/x.js?y=1"), f(`//cdn.other.net/path/y`)'), [
    'https://CDN.other.net/path/x.js?y=1', 'https://cdn.other.net/path/y',
  ]);
  assert.deepEqual(rules.named('fetch("/own")'), []);
});
test('names the library knows', () => assert.deepEqual(['_fbp', '_hjid', 'fbp'].map(rules.known), [true, true, false]));
test('markup is only looked at when it names a ruled host', () => {
  assert.equal(rules.mentions('<img src="//WWW.Example.com/x">'), true);
  assert.equal(rules.mentions('<img src="/x.gif">'), false);
});
