import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RawGroup, RawLook } from '#server/ssh/index.ts';
import { classifyLook } from '#server/xray/classify.ts';
import { compareLooks } from '#server/xray/compare.ts';
import { findingsOf } from '#server/xray/findings.ts';
import { readFirstSeen, writeFirstSeen } from '#server/xray/first-seen.ts';
import { FD_KINDS, type FdLook, fdLookSchema } from '#shared/xray.ts';

const group = (o: Partial<RawGroup> & { kind: string }): RawGroup => ({
  ...{ count: o.ids?.length ?? 1, state: '-', local: '-', peer: '-', examples: [], ids: [] },
  ...o,
});
const rawLook = (groups: RawGroup[], o: Partial<RawLook> = {}): RawLook => ({
  ...{ nodeClockMs: 0, pid: 7, comm: 'sniproxy-server', processStartMs: 1000, fdSoftLimit: 65_536, littleEndian: true },
  ...{ openFds: groups.reduce((sum, { count }) => sum + count, 0), groups, idsCut: 0, cpuMs: 190 },
  ...o,
});
/** Looks one after the other, each as far as it is known what an earlier one saw. */
function looks(...raws: [at: number, raw: RawLook][]): FdLook[] {
  let seen = new Map<number, number[]>();
  return raws.map(([at, raw], i) => {
    const classified = classifyLook(raw, at, readFirstSeen(writeFirstSeen(seen)));
    seen = classified.seen;
    return fdLookSchema.parse({
      ...{ id: `x_${i}`, at: new Date(at).toISOString(), by: 'Ada', pid: raw.pid, comm: raw.comm, openFds: raw.openFds },
      ...{ processStart: new Date(raw.processStartMs ?? 0).toISOString(), fdLimit: raw.fdSoftLimit, untracked: raw.idsCut },
      ...{ durationMs: 1, cpuMs: raw.cpuMs, command: 'ls', sha256: 'x', groups: classified.groups },
    });
  });
}
const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
const CLOSE_WAIT = { kind: 'client', state: '08', local: '01BB', peer: '0100000A' };
const UPSTREAM = { kind: 'upstream', state: '01', peer: '0204140A:1F90' };
const at = <T>(list: readonly T[], index: number): T => {
  const value = list[index];
  assert.ok(value !== undefined);
  return value;
};

describe('one look', () => {
  test('says kind, state, peer and port in words and numbers', () => {
    const [look] = looks([
      5000,
      rawLook([group({ ...CLOSE_WAIT, ids: ids(1, 3) }), group({ kind: 'file', state: 'deleted', peer: '/var/log/a b' })]),
    ]);
    assert.deepEqual(
      look?.groups.map(({ kind, state, local, peer, count }) => [kind, state, local, peer, count]),
      [
        ['client', 'CLOSE_WAIT', ':443', '10.0.0.1', 3],
        ['file', 'deleted', null, '/var/log/a b', 1],
      ],
    );
  });

  test('calls out CLOSE_WAIT and orphans, red only when they are many', () => {
    const [look] = looks([5000, rawLook([group({ ...CLOSE_WAIT, ids: ids(1, 417) }), group({ kind: 'orphan', ids: ids(900, 3) })])]);
    assert.ok(look);
    const found = findingsOf(look, null);
    assert.deepEqual(
      found.map(({ title, tone, fds }) => [title, tone, fds]),
      [
        ['417 sockets in CLOSE_WAIT', 'danger', 417],
        ['3 orphan sockets', 'neutral', 3],
      ],
    );
    assert.match(found[0]?.sentence ?? '', /^The peer closed, this process did not: all of them clients that have gone\./);
  });

  test('names the sockets of UDP flows when they are many, and warns when they grow', () => {
    const flows = (count: number) => rawLook([group({ kind: 'udp', state: '01', peer: '0100000A:01BB', ids: ids(1, count) })]);
    const [few] = looks([1000, flows(5)]);
    assert.deepEqual(few && findingsOf(few, null), []);
    const [a, b] = looks([1000, flows(30)], [600_000, flows(90)]);
    assert.ok(a && b);
    assert.deepEqual(
      findingsOf(a, null).map(({ key, tone, fds }) => [key, tone, fds]),
      [['udp', 'neutral', 30]],
    );
    const grown = findingsOf(b, compareLooks(a, b)).find(({ key }) => key === 'udp');
    assert.deepEqual([grown?.tone, grown?.fds], ['warn', 90]);
    assert.match(grown?.sentence ?? '', /30 of them were open 10 min before/);
  });

  test('keeps nothing of a hostile name but printable characters', () => {
    const [look] = looks([1, rawLook([group({ kind: 'file', peer: `/tmp/\u0007\u202e<script>${'x'.repeat(900)}` })])]);
    const peer = look?.groups[0]?.peer ?? '';
    assert.ok(peer.startsWith('/tmp/??<script>') && peer.length === 200, peer);
  });

  test('a kind that the console does not know is counted as other', () => {
    const [look] = looks([1, rawLook([group({ kind: 'hologram', count: 5 })])]);
    assert.deepEqual([look?.groups[0]?.kind, look?.groups[0]?.count], ['other', 5]);
  });
});

describe('two looks', () => {
  const before = rawLook([
    group({ ...CLOSE_WAIT, ids: ids(100, 50) }),
    group({ ...UPSTREAM, ids: ids(500, 60) }),
    group({ kind: 'anon', peer: '[eventpoll]' }),
  ]);
  const after = rawLook([
    group({ ...CLOSE_WAIT, ids: [...ids(100, 50), ...ids(700, 150)] }),
    group({ ...UPSTREAM, ids: [...ids(500, 10), ...ids(900, 55)] }),
    group({ kind: 'anon', peer: '[eventpoll]' }),
  ]);

  test('what grew comes first, by whom, and how many were there before', () => {
    const [a, b] = looks([0, before], [1_800_000, after]);
    assert.ok(a && b);
    const comparison = compareLooks(a, b);
    assert.deepEqual([comparison.grew, comparison.seconds, comparison.sameProcess], [155, 1800, true]);
    assert.deepEqual(
      comparison.groups.map(({ kind, peer, before, now, grew, stayed }) => [kind, peer, before, now, grew, stayed]),
      [
        ['client', '10.0.0.1', 50, 200, 150, 50],
        ['upstream', '10.20.4.2:8080', 60, 65, 5, 10],
        ['anon', '[eventpoll]', 1, 1, 0, null],
      ],
    );
    const [first, second] = findingsOf(b, comparison);
    assert.equal(first?.title, '200 sockets in CLOSE_WAIT');
    assert.match(first?.sentence ?? '', /50 of them were open 30 min before\./);
    assert.equal(second?.title, '+155 fds in 30 min');
    assert.equal(
      second?.sentence,
      'What came: client sockets in CLOSE_WAIT +150 (97 %). The most by one peer: +150, client sockets on :443 from 10.0.0.1.',
    );
  });

  test('ages reach over looks in between: the first look that saw a socket counts', () => {
    const all = looks([0, before], [60_000, before], [120_000, after]);
    assert.deepEqual(at(all, 2).groups[0]?.firstSeen, [
      { at: new Date(0).toISOString(), count: 50 },
      { at: new Date(120_000).toISOString(), count: 150 },
    ]);
    assert.equal(compareLooks(at(all, 0), at(all, 2)).kinds[0]?.stayed, 50);
  });

  test('of another process nothing is called growth', () => {
    const [a, b] = looks([0, before], [60_000, { ...after, pid: 8 }]);
    assert.ok(a && b);
    const comparison = compareLooks(a, b);
    assert.equal(comparison.sameProcess, false);
    assert.deepEqual(
      findingsOf(b, comparison).map(({ key }) => key),
      ['close-wait', 'restarted'],
    );
  });

  test('of a quiet process nothing is called growth either', () => {
    const [a, b] = looks([0, before], [60_000, before]);
    assert.ok(a && b);
    const keys = findingsOf(b, compareLooks(a, b)).map(({ key }) => key);
    assert.deepEqual(keys, ['close-wait', 'calm']);
  });

  test('what has too many sockets to be told apart says that it does not know who stayed', () => {
    const many = rawLook([group({ ...UPSTREAM, count: 90, ids: ids(1, 40) })], { idsCut: 50 });
    const [a, b] = looks([0, many], [60_000, many]);
    assert.ok(a && b);
    assert.equal(compareLooks(a, b).groups[0]?.stayed, null);
  });

  const anyGroup = fc.record({
    kind: fc.constantFrom(...FD_KINDS),
    state: fc.constantFrom('01', '08', '0A', '-', 'deleted'),
    local: fc.constantFrom('-', '01BB', '*'),
    peer: fc.constantFrom('-', '*', '0100000A', '0204140A:1F90', '/a'),
    extra: fc.nat(30),
    ids: fc.array(fc.nat(200), { maxLength: 30 }),
  });
  const anyLook = fc
    .array(anyGroup, { maxLength: 12 })
    .map((groups) => rawLook(groups.map(({ extra, ...rest }) => group({ ...rest, count: rest.ids.length + extra }))));

  test('whatever the looks hold: counts add up, nobody stays who is not there, and every finding is within the look', () => {
    fc.assert(
      fc.property(anyLook, anyLook, anyLook, (one, two, three) => {
        const [a, , c] = looks([0, one], [60_000, two], [120_000, three]);
        assert.ok(a && c);
        assert.equal(
          c.groups.reduce((sum, { count }) => sum + count, 0),
          c.openFds,
        );
        const comparison = compareLooks(a, c);
        for (const rows of [comparison.kinds, comparison.groups]) {
          assert.equal(
            rows.reduce((sum, { before }) => sum + before, 0),
            a.openFds,
          );
          assert.equal(
            rows.reduce((sum, { now }) => sum + now, 0),
            c.openFds,
          );
          assert.equal(
            rows.reduce((sum, { grew }) => sum + grew, 0),
            comparison.grew,
          );
          for (const { stayed, now } of rows) assert.ok(stayed === null || (stayed >= 0 && stayed <= now));
        }
        for (const { fds } of findingsOf(c, comparison)) assert.ok(Math.abs(fds) <= Math.max(a.openFds, c.openFds));
      }),
    );
  });

  test('numbers of sockets survive being written down', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat(1e6).map(String), fc.uniqueArray(fc.nat(2 ** 32 - 1), { minLength: 1, maxLength: 40 })), (seen) => {
        const map = new Map(Object.entries(seen).map(([key, list]) => [Number(key), list.toSorted((x, y) => x - y)] as const));
        assert.deepEqual(readFirstSeen(writeFirstSeen(map)), map);
      }),
    );
  });
});
