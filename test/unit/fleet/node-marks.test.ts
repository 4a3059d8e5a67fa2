import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeMarks } from '#server/fleet/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { registerNode } from '#test/support/ssh-client.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const health = (values: { config?: string | null; drill?: string | null; ssh?: boolean; down?: boolean }) => ({
  state: values.down ? ('down' as const) : ('up' as const),
  configSha256: values.config ?? null,
  drill: values.drill ?? null,
  sshError: values.ssh === false ? { code: 'ssh.unreachable' as const, detail: 'refused' } : null,
});

test('a config is marked when its bytes change, a drill from its begin to its end, also across a restart of the console', async (t) => {
  const db = await testDatabase(t);
  await registerNode(db, 'n_1');
  let now = 1000;
  const failures: unknown[] = [];
  const open = () => createNodeMarks({ db, clock: { now: () => now, sleep: async () => undefined }, onError: (e) => failures.push(e) });
  let marks = open();
  const note = async (at: number, values: Parameters<typeof health>[0]) => {
    now = at;
    marks.note('n_1', health(values));
    await marks.settled();
  };
  await note(1000, { config: A });
  await note(2000, { config: A });
  await note(3000, { config: B, drill: 'pool-leak' });
  // what the process loaded says nothing of the file, and a node that is silent nothing of its drill
  await note(4000, { config: A, drill: 'pool-leak', ssh: false });
  await note(5000, { down: true, ssh: false });
  marks = open();
  await note(6000, { config: B, drill: 'pool-leak' });
  await note(7000, { config: B });
  assert.deepEqual(failures, []);
  const kept = (await marks.within('n_1', 0, 9000)).map(({ kind, fromMs, toMs, value, earlier }) => [kind, fromMs, toMs, value, earlier]);
  assert.deepEqual(kept, [
    ['config', 3000, 3000, B, A],
    ['drill', 3000, 7000, 'pool-leak', null],
  ]);
  assert.deepEqual(await marks.within('n_1', 7001, 9000), []);
});

test('a file that changes with every look keeps the newest marks only', async (t) => {
  const db = await testDatabase(t);
  await registerNode(db, 'n_1');
  let now = 0;
  const marks = createNodeMarks({ db, clock: { now: () => now, sleep: async () => undefined }, onError: assert.ifError });
  for (now = 1; now <= 520; now++) {
    marks.note('n_1', health({ config: now.toString(16).padStart(64, '0') }));
    await marks.settled();
  }
  const kept = await marks.within('n_1', 0, 1000);
  assert.deepEqual([kept.length, kept.at(-1)?.fromMs], [500, 520]);
});
