import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Config, checkConfig, POOL_WARNINGS, showPath } from '#contract/index.ts';

const base = { listen_addrs: ['0.0.0.0:443'] };
const problems = (extra: object) =>
  checkConfig({ ...base, ...extra }).problems.map(({ severity, path, message }) => `${severity} ${showPath(path)}: ${message}`);
const errors = (extra: object) => problems(extra).filter((line) => line.startsWith('error'));
const good = (extra: object): Config => {
  const { config, problems: found } = checkConfig({ ...base, ...extra });
  assert.ok(config, JSON.stringify(found));
  return config;
};

describe('a config', () => {
  test('of one key is good, and has every default', () => {
    const config = good({});
    assert.deepEqual(config.timeouts, { connect: 10, client_hello: 10, idle: 300, half_close: 30 });
    assert.deepEqual(config.metrics, { enabled: true, address: '127.0.0.1:9090' });
    assert.equal(config.shutdown_timeout, 30);
    assert.deepEqual(config.deny_destinations, ['default']);
    assert.equal(config.connection_pool, undefined);
    assert.deepEqual(problems({}), []);
  });

  test('with a partial pool section has the defaults of SNIProxy-rs in it', () => {
    assert.deepEqual(good({ connection_pool: { enabled: false } }).connection_pool, {
      enabled: false,
      max_per_host: 100,
      connection_ttl: 60,
      idle_timeout: 30,
      cleanup_interval: 10,
    });
    assert.equal(good({ connection_pool: {} }).connection_pool?.enabled, true);
  });

  test('with the pool on is warned of in the two sentences of the incident document, and with it off is not', () => {
    assert.deepEqual(POOL_WARNINGS, [
      'Connection pooling enabled - only use for forward proxy scenarios!',
      'For transparent proxy (SNI-based routing), disable pooling to avoid leaks',
    ]);
    const found = (enabled: boolean) => checkConfig({ ...base, connection_pool: { enabled } }).problems.map(({ message }) => message);
    assert.deepEqual(found(true), [...POOL_WARNINGS]);
    assert.deepEqual(found(false), []);
  });

  test('may have null where a key is written without a value', () => {
    good({ allowlist: null, routes: null, connection_pool: null, ssh_routes: null, default_backend: null, udp_listen_addrs: null });
  });

  test('that is no map is told what a config is', () => {
    for (const value of [null, 'x', 3, [], true]) {
      const { config, problems: found } = checkConfig(value);
      assert.equal(config, null);
      assert.match(found[0]?.message ?? '', /must be a map of keys/);
    }
  });

  test('without listen_addrs is told that it is missing', () => {
    assert.deepEqual(
      checkConfig({}).problems.map(({ message }) => message),
      ['listen_addrs is missing: it must be a list, like ["0.0.0.0:443"]'],
    );
  });

  const wrong: [string, object, RegExp][] = [
    ['an empty list of listeners', { listen_addrs: [] }, /listen_addrs must name at least one address.*it is an empty list/],
    ['a host name to listen on', { listen_addrs: ['a.example:443'] }, /listen_addrs\[0\] must be "IP:port"/],
    [
      'a listener twice',
      { listen_addrs: ['0.0.0.0:443', '0.0.0.0:443'] },
      /listen_addrs\[1\] repeats 0\.0\.0\.0:443, which listen_addrs\[0\]/,
    ],
    [
      'a listener on the metrics address',
      { listen_addrs: ['127.0.0.1:9090'] },
      /metrics\.address is 127\.0\.0\.1:9090, which listen_addrs has too/,
    ],
    ['a quoted number', { timeouts: { connect: '3' } }, /timeouts\.connect must be a number of seconds, like 10; it is the text "3"/],
    ['a timeout of 0', { timeouts: { idle: 0 } }, /timeouts\.idle must be more than 0 seconds/],
    ['a negative timeout', { timeouts: { half_close: -1 } }, /timeouts\.half_close must be more than 0 seconds/],
    ['a timeout of centuries', { timeouts: { idle: 1e12 } }, /timeouts\.idle must be at most 31536000 seconds/],
    ['no number at all', { timeouts: { idle: Number.NaN } }, /timeouts\.idle must be a number/],
    ['half a connection', { max_connections: 1.5 }, /max_connections must be a whole number/],
    ['no connection', { max_connections: 0 }, /max_connections must be at least 1/],
    ['a text for a list', { allowlist: 'a.example' }, /allowlist must be a list/],
    ['a text for a section', { timeouts: 'x' }, /timeouts must be a map of keys/],
    ['a pattern with a port', { allowlist: ['a.example:443'] }, /allowlist\[0\] must be a name/],
    ['a star in the middle', { allowlist: ['a.*.example'] }, /allowlist\[0\] must be a name/],
    ['a route without backend', { routes: [{ match: 'a.example' }] }, /routes\[0\] must have either backends.*or dial: requested/],
    ['a route with both', { routes: [{ match: 'a', backends: ['1.2.3.4:1'], dial: 'requested' }] }, /routes\[0\] must have either/],
    ['a backend without port', { routes: [{ match: 'a', backends: ['1.2.3.4'] }] }, /routes\[0\]\.backends\[0\] must be "host:port"/],
    ['another dial', { routes: [{ match: 'a', dial: 'always' }] }, /routes\[0\]\.dial must be "requested"/],
    ['a broken expression', { routes: [{ match: '/(/', backends: ['1.2.3.4:1'] }] }, /routes\[0\]\.match must be a regular expression/],
    ['a name that is none', { routes: [{ match: 'a b', backends: ['1.2.3.4:1'] }] }, /routes\[0\]\.match must be a name/],
    [
      'a route twice',
      {
        routes: [
          { match: 'a', dial: 'requested' },
          { match: 'A', dial: 'requested' },
        ],
      },
      /routes\[1\] repeats a/,
    ],
    ['a port over 65535', { ssh_routes: [{ listen_port: 70000, destination_host: 'h' }] }, /ssh_routes\[0\]\.listen_port must be a port/],
    ['a network that is none', { deny_destinations: ['10.0.0.0/40'] }, /deny_destinations\[0\] must be "default"/],
    ['an unknown log level', { log: { level: 'loud' } }, /log\.level must be error, warn, info or debug/],
  ];
  for (const [what, extra, message] of wrong)
    test(`with ${what} is an error that names the key and what to write`, () => {
      const found = errors(extra);
      assert.ok(
        found.some((line) => message.test(line)),
        found.join('\n') || 'no error',
      );
      assert.ok(
        found.every((line) => !/undefined|\[object|Invalid input/.test(line)),
        found.join('\n'),
      );
    });

  test('with misspelt keys says which was meant, at every depth', () => {
    assert.deepEqual(
      problems({ timeouts: { idel: 3 }, connection_pol: {}, routes: [{ match: 'a', backends: ['1.2.3.4:1'], bakends: [] }], zzz: 1 }),
      [
        'warning timeouts.idel: timeouts.idel is not a key of this file and has no effect; did you mean idle?',
        'warning connection_pol: connection_pol is not a key of this file and has no effect; did you mean connection_pool?',
        'warning routes[0].bakends: routes[0].bakends is not a key of this file and has no effect; did you mean backends?',
        'warning zzz: zzz is not a key of this file and has no effect',
      ],
    );
  });

  test('with keys that do nothing here is warned by their names', () => {
    const found = problems({
      quic_config: { enabled: true, enable_0rtt: true },
      http3_config: { enabled: true },
      protocol_routing: { soap: { enabled: true } },
      workers: 1,
      resolver: { cache_seconds: 5 },
      connection_pool: { enabled: false, max_per_host: 5 },
    });
    for (const key of ['quic_config.enable_0rtt', 'http3_config', 'protocol_routing'])
      assert.ok(
        found.some((line) => line.startsWith(`warning ${key}: ${key} is accepted and has no effect: `)),
        key,
      );
    assert.equal(found.length, 3);
  });

  test('with a list that means something else than it looks like is warned', () => {
    assert.match(problems({ allowlist: [] }).join(), /every name is refused/);
    assert.match(problems({ allowlist: ['*api.example'] }).join(), /evilapi\.example/);
    assert.match(problems({ allowlist: ['.api.example'] }).join(), /nothing passes by it; write "\*\.api\.example"/);
    assert.match(problems({ deny_destinations: [] }).join(), /private and local addresses/);
    assert.deepEqual(problems({ deny_destinations: [], default_backend: '10.0.0.1:443' }), []);
  });
});
