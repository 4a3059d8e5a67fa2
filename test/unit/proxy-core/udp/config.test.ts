import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '#contract/index.ts';
import { needsRestart } from '../../../../proxy-core/src/reload.ts';

const base = { listen_addrs: ['127.0.0.1:443'] };
const messages = (value: object) => checkConfig({ ...base, ...value }).problems.map(({ message }) => message);

test('udp_listen_addrs and quic_config say what they do, and which of their keys do nothing', () => {
  assert.deepEqual(
    messages({ udp_listen_addrs: ['0.0.0.0:443'], quic_config: { enabled: true, max_idle_timeout: 60, max_flows: 100 } }),
    [],
  );
  const idle = messages({
    quic_config: { max_concurrent_streams: 100, keep_alive_interval: 15, max_datagram_size: 1350, enable_0rtt: true },
  });
  assert.equal(idle.length, 4);
  for (const message of idle) assert.match(message, /^quic_config[.]\w+ is accepted and has no effect/);
});

test('an address that is written twice, and one that is none, are errors', () => {
  assert.match(messages({ udp_listen_addrs: ['0.0.0.0:443', '0.0.0.0:443'] }).join(), /udp_listen_addrs\[1\] repeats 0[.]0[.]0[.]0:443/);
  assert.match(messages({ udp_listen_addrs: ['example.com:443'] }).join(), /udp_listen_addrs\[0\] must be "IP:port"/);
  assert.match(messages({ quic_config: { max_flows: 0 } }).join(), /quic_config[.]max_flows must be at least 1/);
});

test('what only a restart takes over is said by a reload', () => {
  const config = (value: object) => {
    const read = checkConfig({ ...base, ...value }).config;
    assert.ok(read);
    return read;
  };
  const before = config({ udp_listen_addrs: ['0.0.0.0:443'] });
  assert.deepEqual(needsRestart(before, config({ udp_listen_addrs: ['0.0.0.0:444'] })), ['udp_listen_addrs']);
  assert.deepEqual(needsRestart(before, config({ udp_listen_addrs: ['0.0.0.0:443'], quic_config: { enabled: false } })), [
    'quic_config.enabled',
  ]);
  assert.deepEqual(needsRestart(before, config({ udp_listen_addrs: ['0.0.0.0:443'], quic_config: { max_idle_timeout: 5 } })), []);
});
