import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfig } from '#contract/index.ts';
import { cpuMs } from '#test/support/cpu-time.ts';
import { Allowlist } from '../../../../proxy-core/src/route/allowlist.ts';
import { RouteTable } from '../../../../proxy-core/src/route/table.ts';

function table(extra: object): RouteTable {
  const { config } = checkConfig({ listen_addrs: ['0.0.0.0:443'], ...extra });
  assert.ok(config);
  return new RouteTable(config);
}
const to = (match: string, backend: string) => ({ match, backends: [backend] });
const label = (routes: RouteTable, name: string | null) => routes.find(name)?.label ?? null;

describe('routes', () => {
  test('are tried in the order of the file, whatever their kind: the first match wins', () => {
    const routes = table({
      routes: [
        to('a.x.example', '1.1.1.1:1'),
        to('*.x.example', '1.1.1.1:2'),
        to('b.x.example', '1.1.1.1:3'),
        to('/c[0-9]+[.]x[.]example|z/', '1.1.1.1:4'),
        to('c.example', '1.1.1.1:5'),
      ],
    });
    assert.equal(label(routes, 'a.x.example'), 'a.x.example');
    assert.equal(label(routes, 'b.x.example'), '*.x.example', 'the star stands above it');
    assert.equal(label(routes, 'deep.er.x.example'), '*.x.example');
    assert.equal(label(routes, 'z'), '/c[0-9]+[.]x[.]example|z/');
    assert.equal(label(routes, 'c.example'), 'c.example');
  });

  test('match whole names: a star needs a label, an expression is anchored, case does not matter', () => {
    const routes = table({ routes: [to('*.x.example', '1.1.1.1:2'), to('/r[0-9]+|s/', '1.1.1.1:4'), to('UP.example', '1.1.1.1:5')] });
    for (const name of ['x.example', '.x.example', 'evilx.example', 'x.example.evil', 'r1x', 'xr1', 'sx'])
      assert.equal(label(routes, name), null, name);
    assert.equal(label(routes, 'up.example'), 'UP.example');
    assert.equal(label(routes, 'r12'), '/r[0-9]+|s/');
  });

  test('of an expression take time linear in the name, whatever the expression is', () => {
    const routes = table({ routes: [to('/(a+)+b/', '1.1.1.1:1'), to('/(a|aa)*(a|aa)*(a|aa)*c|UP[A-Z]/', '1.1.1.1:2')] });
    const started = cpuMs();
    for (let i = 0; i < 20; i += 1) assert.equal(label(routes, 'a'.repeat(63 + i)), null);
    // A backtracking matcher needs 2^63 steps for the first of them.
    assert.ok(cpuMs() - started < 2000);
    assert.equal(label(routes, 'upx'), '/(a|aa)*(a|aa)*(a|aa)*c|UP[A-Z]/');
  });

  test('with alpn are for clients that offer one of its protocols; others go on to the next', () => {
    const routes = table({
      routes: [
        { ...to('*.x.example', '1.1.1.1:1'), alpn: ['acme-tls/1', 'x'] },
        to('*.x.example', '1.1.1.1:2'),
        { ...to('b.example', '1.1.1.1:3'), alpn: ['h2'] },
        to('b.example', '1.1.1.1:4'),
      ],
    });
    const backend = (name: string, alpn?: string[]) => {
      const target = routes.find(name, alpn)?.target;
      return target?.kind === 'backends' ? target.backends[0]?.host.concat(`:${target.backends[0].port}`) : null;
    };
    assert.equal(backend('a.x.example', ['acme-tls/1']), '1.1.1.1:1');
    assert.equal(backend('a.x.example', ['acme-tls/1', 'h2']), '1.1.1.1:2', 'a challenge is answered alone');
    assert.equal(backend('a.x.example', ['h2', 'x']), '1.1.1.1:1');
    assert.equal(backend('a.x.example', ['h2', 'http/1.1']), '1.1.1.1:2');
    assert.equal(backend('a.x.example'), '1.1.1.1:2');
    assert.equal(backend('b.example', ['http/1.1', 'h2']), '1.1.1.1:3');
    assert.equal(backend('b.example', ['http/1.1']), '1.1.1.1:4');
    assert.equal(backend('c.example', ['h2']), null);
  });

  test('end in default_backend, which also takes those who name nothing', () => {
    const routes = table({ routes: [to('a.example', '1.1.1.1:1')], default_backend: '10.0.0.9:443' });
    assert.equal(label(routes, 'other.example'), 'default_backend');
    assert.equal(label(routes, null), 'default_backend');
    assert.equal(label(table({ routes: [to('a.example', '1.1.1.1:1')] }), null), null);
  });

  test('without any, the asked name is dialled, but never a single label or no name', () => {
    const routes = table({});
    assert.deepEqual(routes.find('a.example')?.target, { kind: 'requested' });
    assert.deepEqual(routes.find('10.0.0.1')?.target, { kind: 'requested' });
    for (const name of ['localhost', 'intranet', null]) assert.equal(routes.find(name), null);
  });
});

describe('the allowlist', () => {
  const allows = (patterns: string[] | null, name: string | null) => new Allowlist(patterns).allows(name);
  const truth: [string[] | null, string | null, boolean][] = [
    [null, 'a.example', true],
    [null, null, true],
    [[], 'a.example', false],
    [['*'], 'a.example', true],
    [['*'], null, true],
    [['a.example'], 'a.example', true],
    [['A.Example.'], 'a.example', true],
    [['a.example'], 'b.a.example', false],
    [['a.example'], 'a.example.evil', false],
    [['a.example'], null, false],
    [['*.a.example'], 'a.example', true],
    [['*.a.example'], 'x.a.example', true],
    [['*.a.example'], 'y.x.a.example', true],
    [['*.a.example'], 'evila.example', false],
    [['*.a.example'], 'a.example.org', false],
    [['*api.example'], 'evilapi.example', false],
    [['*api.example'], 'v1.api.example', true],
    [['*api.example'], 'api.example', true],
    [['*api.example'], 'api.example.org', false],
    [['x', '*.y'], 'z.y', true],
  ];
  for (const [patterns, name, allowed] of truth)
    test(`${JSON.stringify(patterns)} ${allowed ? 'allows' : 'refuses'} ${name ?? 'no name'}`, () =>
      assert.equal(allows(patterns, name), allowed));
});
