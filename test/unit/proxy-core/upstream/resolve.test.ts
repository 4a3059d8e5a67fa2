import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createHostsFile, parseHostsFile } from '../../../../proxy-core/src/upstream/hosts-file.ts';
import { type Lookup, Resolver } from '../../../../proxy-core/src/upstream/resolve.ts';

/** A resolver of a scripted DNS and a clock that is moved by hand. */
function resolver(
  config: ConstructorParameters<typeof Resolver>[0],
  answers: (name: string, family: 4 | 6) => string[] | Error,
  ttlSeconds: number | null = null,
) {
  const asked: string[] = [];
  const clock = { ms: 1000 };
  const lookup: Lookup = async (name, family) => {
    asked.push(`${name} ${family}`);
    const answer = answers(name, family);
    if (answer instanceof Error) throw answer;
    return { addresses: answer, ttlSeconds };
  };
  return { resolver: new Resolver(config, lookup, () => clock.ms), asked, clock };
}
const both = (_name: string, family: 4 | 6) => (family === 4 ? ['192.0.2.1', '192.0.2.2', '192.0.2.3'] : ['2001:db8::1']);

describe('addresses of a name', () => {
  test('come one of each family in turn, the preferred one first, or of one family alone', async () => {
    const of = async (family: 'any' | 'ipv4' | 'ipv6' | 'prefer_ipv4' | 'prefer_ipv6') =>
      await resolver({ family }, both).resolver.addresses('a.example', false);
    assert.deepEqual(await of('any'), ['2001:db8::1', '192.0.2.1', '192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await of('prefer_ipv6'), ['2001:db8::1', '192.0.2.1', '192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await of('prefer_ipv4'), ['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await of('ipv4'), ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await of('ipv6'), ['2001:db8::1']);
    assert.deepEqual(resolver({}, both).resolver.addresses('192.0.2.9', false), ['192.0.2.9'], 'an address is asked of nobody');
  });

  test('are kept for their TTL, and for cache_seconds at most', async () => {
    for (const [ttl, keptMs] of [
      [10, 10_000],
      [600, 30_000],
      [null, 30_000],
    ] as const) {
      const { resolver: names, asked, clock } = resolver({ family: 'ipv4', cache_seconds: 30 }, both, ttl);
      await names.addresses('a.example', false);
      clock.ms += keptMs - 1;
      assert.ok(Array.isArray(names.addresses('a.example', false)), 'known at once');
      clock.ms += 2;
      await names.addresses('a.example', false);
      assert.equal(asked.length, 2, `TTL ${ttl}`);
    }
    const { resolver: names, asked } = resolver({ family: 'ipv4' }, both, 0);
    await names.addresses('a.example', false);
    await names.addresses('a.example', false);
    assert.equal(asked.length, 2, 'a TTL of 0 is not kept');
  });

  test('that there are not are kept too, for less long; so are failures', async () => {
    for (const answer of [[], new Error('SERVFAIL')]) {
      const { resolver: names, asked, clock } = resolver({ family: 'ipv4', negative_cache_seconds: 5 }, () => answer);
      assert.deepEqual(await names.addresses('a.example', false), []);
      clock.ms += 4999;
      assert.deepEqual(names.addresses('a.example', false), []);
      assert.equal(asked.length, 1);
      clock.ms += 2;
      await names.addresses('a.example', false);
      assert.equal(asked.length, 2);
    }
  });

  test('are asked for once by all who want them at a time', async () => {
    const { resolver: names, asked } = resolver({ family: 'ipv4' }, both);
    await Promise.all(Array.from({ length: 50 }, () => names.addresses('a.example', false)));
    assert.deepEqual(asked, ['a.example 4']);
  });

  test('are kept of 10,000 names at most; what was used last stays', async () => {
    const { resolver: names, asked } = resolver({ family: 'ipv4' }, both);
    for (let i = 0; i < 10_500; i += 1) {
      await names.addresses(`n${i}.example`, false);
      if (i % 1000 === 0) await names.addresses('n0.example', false);
    }
    assert.equal(names.size, 10_000);
    const before = asked.length;
    await names.addresses('n0.example', false);
    assert.equal(asked.length, before);
    await names.addresses('n1.example', false);
    assert.equal(asked.length, before + 1);
  });

  test('that do not come within the budget are none; a family that is late does not hold up the other', async () => {
    const never: Lookup = () => new Promise(() => {});
    const started = performance.now();
    assert.deepEqual(await new Resolver({ budget: 0.05 }, never).addresses('a.example', false), []);
    const half: Lookup = (_name, family) =>
      family === 4 ? Promise.resolve({ addresses: ['192.0.2.1'], ttlSeconds: null }) : new Promise(() => {});
    assert.deepEqual(await new Resolver({ budget: 30 }, half).addresses('a.example', false), ['192.0.2.1']);
    assert.ok(performance.now() - started < 10_000);
  });

  test('are asked for a thousand at a time at most', async () => {
    let running = 0;
    const names = new Resolver({ family: 'ipv4', budget: 0.2 }, () => {
      running += 1;
      return new Promise(() => {});
    });
    const all = Array.from({ length: 1500 }, (_, i) => names.addresses(`n${i}.example`, false));
    assert.equal(running, 1000);
    assert.deepEqual(all[1200], []);
    await Promise.all(all);
  });
});

describe('/etc/hosts', () => {
  test('is read as hosts(5) says', () => {
    const names = parseHostsFile(
      '127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # both\n#10.0.0.1 no\n10.0.0.2  A.Example a\n10.0.0.3 a.example\nnonsense x\n',
    );
    assert.deepEqual(names.get('localhost'), ['127.0.0.1', '::1']);
    assert.deepEqual(names.get('a.example'), ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual([...names.keys()], ['localhost', 'ip6-localhost', 'a.example', 'a']);
  });

  test('is read again when it has changed, and what was read stays when it is gone', (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hosts-'));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'hosts');
    let ms = 0;
    const find = createHostsFile(file, () => ms);
    assert.equal(find('a'), null);
    fs.writeFileSync(file, '10.0.0.1 a\n');
    assert.equal(find('a'), null, 'it is not looked at each time');
    ms += 5000;
    assert.deepEqual(find('a'), ['10.0.0.1']);
    fs.writeFileSync(file, '10.0.0.2 a\n');
    fs.utimesSync(file, 1, 1);
    ms += 5000;
    assert.deepEqual(find('a'), ['10.0.0.2']);
    fs.rmSync(file);
    ms += 5000;
    assert.deepEqual(find('a'), ['10.0.0.2']);
  });
});
