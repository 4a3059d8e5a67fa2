import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { HANG_UP, scriptedConsole } from '#test/support/scripted-console.ts';
import { BEGUN_RUN } from './begun-run.ts';

describe('headroom apply', () => {
  test('waits for its run over a console that is started anew, and ends as the run does', async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-'));
    t.after(() => fs.rmSync(dir, { recursive: true }));
    const file = path.join(dir, 'fleet.yaml');
    fs.writeFileSync(file, 'pool:\n  - { selector: "name=edge-1", settings: { enabled: false } }\n');
    const node = { nodeId: 'n_1', name: 'edge-1', ok: true, problem: null, sha256Before: 'a', sha256After: 'b', diff: [], findings: [] };
    const { cli, asked, said } = await scriptedConsole(t, {
      'GET nodes': [{ nodes: [] }],
      'POST changes/preview': [{ nodes: [{ ...node, changedBytes: 1 }] }],
      'POST runs': [BEGUN_RUN],
      [`GET runs/${BEGUN_RUN.id}`]: [
        BEGUN_RUN,
        { ...BEGUN_RUN, status: 'waiting' },
        HANG_UP,
        HANG_UP,
        { ...BEGUN_RUN, status: 'succeeded' },
        { ...BEGUN_RUN, status: 'failed' },
      ],
    });
    assert.equal((await cli(['apply', '-f', file])).code, 1, 'not without --yes');
    assert.ok(!asked.some(({ route }) => route === 'POST runs'));
    const done = await cli(['apply', '-f', file, '--yes']);
    assert.equal(done.code, 0);
    assert.match(said.join('\n'), /! a person is asked on its page.* \(strategy: \{ gates: auto \} in the file/);
    assert.partialDeepStrictEqual(asked.find(({ route }) => route === 'POST runs')?.body, {
      runbook: 'pool-settings',
      selector: 'name=edge-1',
      params: { enabled: false },
    });
    assert.equal((await cli(['apply', file, '--yes'])).code, 1, 'the next run failed');
  });
});
