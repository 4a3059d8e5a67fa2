import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, test } from 'node:test';
import { scriptedConsole } from '#test/support/scripted-console.ts';
import { BEGUN_RUN } from './begun-run.ts';

describe('headroom runs watch, as a program', () => {
  test('SIGINT ends it at once with 130 and words, and the console is asked for nothing', async (t) => {
    const { asked, url } = await scriptedConsole(t, { [`GET runs/${BEGUN_RUN.id}`]: [BEGUN_RUN] });
    const file = path.resolve(import.meta.dirname, '../../../lib/cli/headroom.ts');
    const child = spawn(process.execPath, [file, 'runs', 'watch', BEGUN_RUN.id], {
      env: { ...process.env, HEADROOM_URL: url, HEADROOM_TOKEN: 'hr_good' },
    });
    t.after(() => child.kill('SIGKILL'));
    let [out, complaints, interrupted] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
      // only once: a second one would end it without words
      if (!interrupted && complaints.includes('R-4F2K9  running')) interrupted = child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, out], [130, '']);
    assert.match(complaints, /edge-1 {2}1\/1 preflight …[\s\S]*goes on \(running\); this ended nothing/);
    assert.deepEqual([...new Set(asked.map(({ route }) => route))], [`GET runs/${BEGUN_RUN.id}`]);
  });
});
