import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '#contract/index.ts';
import { makeLive } from '../../../../proxy-core/src/reload.ts';
import { Backends } from '../../../../proxy-core/src/udp/backends.ts';

const [x, y] = [
  { host: '10.0.0.1', port: 443 },
  { host: '10.0.0.2', port: 443 },
];

test('a backend that failed is tried after the others for half a minute, or until it answers', () => {
  const backends = new Backends();
  backends.failed(x, 1000);
  assert.deepEqual(backends.ordered([x, y], 2000), [y, x]);
  assert.deepEqual(backends.ordered([x, y], 31_001), [x, y]);
  backends.failed(x, 40_000);
  backends.answered(x);
  assert.deepEqual(backends.ordered([x, y], 40_001), [x, y]);
  assert.deepEqual(backends.answering, [x]);
});

test('no more than 1,024 are remembered', () => {
  const backends = new Backends();
  for (let i = 0; i < 2000; i += 1) backends.answered({ host: `10.0.${i >> 8}.${i & 255}`, port: 443 });
  assert.equal(backends.answering.length, 1024);
});

test('a loop is a backend that takes datagrams here, not one that takes connections; what clients ask for is judged as by TCP', () => {
  const { config } = checkConfig({ listen_addrs: ['127.0.0.1:443'], routes: [{ match: 'a.test', backends: ['127.0.0.1:443'] }] });
  assert.ok(config);
  const own = (port: number) => () => [{ host: '127.0.0.1', port }];
  const { destinations, quicDestinations, writtenBackends } = makeLive(config, '', 1, own(443), own(8443));
  assert.equal(destinations.judge({ host: '127.0.0.1', port: 443 }, true), 'loop');
  assert.equal(quicDestinations.judge({ host: '127.0.0.1', port: 443 }, true), null);
  assert.equal(quicDestinations.judge({ host: '127.0.0.1', port: 8443 }, true), 'loop');
  assert.equal(quicDestinations.judge({ host: '10.0.0.1', port: 443 }, false), 'denied_destination');
  assert.deepEqual(writtenBackends, [{ host: '127.0.0.1', port: 443 }]);
});
