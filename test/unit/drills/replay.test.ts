import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createReplays } from '#server/drills/replay.ts';
import { RECORDING_FORMAT, recordingSchema, replaySchema } from '#shared/recordings.ts';

const replays = createReplays({ metrics: { raw: async () => [] }, clock: { now: () => 0, sleep: async () => {} } });

describe('the replay of the recorded incident', () => {
  test('calls the leak long before EMFILE, again after the restart that fixed nothing, and not after the one that did', async () => {
    const replay = replaySchema.parse(await replays.shipped());
    const of = (kind: string) => replay.points.filter((point) => point.kind === kind).map(({ at }) => (at - (replay.at[0] ?? 0)) / 60);
    const [leaking, restarts, emfile] = [of('leaking'), of('restart'), of('emfile')];
    const [called = 0, again = 0] = leaking;
    const [first = 0, second = 0] = restarts;
    const full = emfile[0] ?? 0;
    assert.equal(restarts.length, 2);
    assert.ok(called > 30 && called < 40, `called after ${called} min`);
    assert.ok(full - called > 45, `EMFILE ${full - called} min later`);
    assert.ok(again > first && again < first + 10, `called again ${again - first} min after the restart`);
    assert.deepEqual(
      leaking.filter((at) => at > second),
      [],
    );
    assert.equal(replay.judged.at(-1)?.verdict, 'not-leaking');
  });

  test('at each moment knows nothing of what comes later', async () => {
    const replay = await replays.shipped();
    assert.notEqual(replay.judged[20]?.verdict, 'leaking', 'ten minutes before the leak begins');
  });

  test('a node without samples in the range is refused in words', async () => {
    await assert.rejects(replays.record({ id: 'n_1', name: 'edge-01' }, { from: 0, to: 1 }), /edge-01 has 0 samples/);
  });
});

test('a recording of instants that no clock shows is refused: its replay would never come to an end', () => {
  const column = [null, null];
  const columns = { processStart: column, openFds: column, fdLimit: column, connectionsActive: column, connectionsStale: column };
  const more = { poolActive: column, poolIdle: column, baselineFds: column, acceptedTotal: column, blind: [0, 0], marks: [] };
  const at = (seconds: number) =>
    recordingSchema.safeParse({ format: RECORDING_FORMAT, title: 't', node: 'n', at: [seconds, seconds], ...columns, ...more }).success;
  assert.deepEqual([1_700_000_000, 1e18, 1e300, -1].map(at), [true, false, false, false]);
});
