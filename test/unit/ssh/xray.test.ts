import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAnswer } from '#server/ssh/answer.ts';
import { parseXray } from '#server/ssh/xray.ts';

const parse = (text: string) => {
  const answer = parseAnswer(Buffer.from(`motd\n@headroom\nnow=5000\n${text}`), 'times');
  assert.ok(answer);
  return parseXray(answer);
};
const STAT = `7 (sni (x) y) S ${Array.from({ length: 18 }, () => 0).join(' ')} 250 0`;
const HEAD = `pid=7\nhz=100\nbtime=1000\nstat=${STAT}\ncomm=sniproxy-server\nlimit=1024\nendian=1\n`;
const FOOT = 'idscut=0\nstart=250\nstart=250\ntimes=\n0m0.01s 0m0.00s\n0m0.13s 0m1.06s\n';

describe('the answer of a look at all fds', () => {
  test('is groups with their examples and numbers', () => {
    const value = parse(
      `${HEAD}g=3 client 08 01BB 0100000A\ne=0 12 900 0200000A:01BB 0100000A:9C40\ni=0 900 2 0\ng=1 file - - /var/log/a b.log\ntotal=4\n${FOOT}`,
    );
    assert.ok(value && 'look' in value);
    assert.deepEqual(value.look, {
      ...{ nodeClockMs: 5000, pid: 7, comm: 'sniproxy-server', processStartMs: 1_002_500, fdSoftLimit: 1024, littleEndian: true },
      ...{ openFds: 4, idsCut: 0, cpuMs: 1190 },
      groups: [
        {
          ...{ count: 3, kind: 'client', state: '08', local: '01BB', peer: '0100000A', ids: [900, 902, 902] },
          examples: [{ fd: 12, id: 900, local: '0200000A:01BB', remote: '0100000A:9C40' }],
        },
        { count: 1, kind: 'file', state: '-', local: '-', peer: '/var/log/a b.log', ids: [], examples: [] },
      ],
    });
  });

  test('says why there is none', () => {
    assert.deepEqual(parse('pid=\n'), { problem: 'none' });
    assert.deepEqual(parse(`${HEAD}denied=1\n`), { problem: 'denied' });
    assert.deepEqual(parse(`${HEAD}total=0\nidscut=0\nstart=250\nstart=990\n`), { problem: 'restarted' });
  });

  test('is refused when its counts do not add up or a line cannot be read', () => {
    assert.equal(parse(`${HEAD}g=3 client 08 01BB 0100000A\ntotal=4\n${FOOT}`), null);
    assert.equal(parse(`${HEAD}g=3 <script> 08 01BB 0100000A\ntotal=3\n${FOOT}`), null);
    assert.equal(parse(`${HEAD}g=3 client\ntotal=3\n${FOOT}`), null);
  });

  test('never adds up wrongly and never throws, whatever the node says', () => {
    const line = fc.oneof(
      fc.tuple(fc.constantFrom('g', 'e', 'i', 'total', 'start'), fc.string()).map(([key, text]) => `${key}=${text}`),
      fc.tuple(fc.nat(9), fc.constantFrom('client', 'pipe')).map(([n, kind]) => `g=${n} ${kind} 01 - -`),
      fc.nat(9).map((n) => `total=${n}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const value = parse(`${HEAD}start=1\nstart=1\n${lines.join('\n')}\n${FOOT}`);
        if (!value || !('look' in value)) return;
        assert.equal(
          value.look.groups.reduce((sum, { count }) => sum + count, 0),
          value.look.openFds,
        );
      }),
    );
  });
});
