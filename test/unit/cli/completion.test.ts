import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { COMMANDS } from '#cli/commands.ts';
import { completion, SHELLS } from '#cli/completion.ts';

/** What bash offers after these words, the last one being typed. */
function offered(...words: string[]): string[] {
  const script = `${completion('bash', COMMANDS)}
COMP_WORDS=(headroom "$@"); COMP_CWORD=$#; _headroom; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  test('bash offers nouns, verbs, options, their values, and files', () => {
    assert.deepEqual(offered('no'), ['nodes']);
    assert.ok(offered('').includes('rotate-secret'));
    assert.deepEqual(offered('runs', 'st'), ['start', 'stop-all']);
    assert.deepEqual(offered('runs', 'start', 'fd-leak', '*', '--ba'), ['--batches', '--bake']);
    assert.deepEqual(offered('runs', 'start', 'fd-leak', '*', '--on-fail', ''), ['pause', 'abort', 'rollback']);
    assert.deepEqual(offered('runbook', 'lint', 'completion.'), ['completion.test.ts']);
    assert.ok(offered('completion', '').includes('zsh'));
    assert.deepEqual(offered('nodes', 'ls', 'comp'), []);
  });

  test('every shell knows every command and every option', (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'completion-'));
    t.after(() => fs.rmSync(dir, { recursive: true }));
    for (const shell of SHELLS) {
      const script = completion(shell, COMMANDS);
      for (const { name, options } of COMMANDS)
        for (const word of [...name.split(' '), ...Object.keys(options)]) assert.ok(script.includes(word), `${shell}: ${name} ${word}`);
      // fish reads no script from a socket
      const file = path.join(dir, shell);
      fs.writeFileSync(file, script);
      const there = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      if (there.error === undefined) assert.deepEqual([there.status, there.stderr], [0, '']);
    }
  });
});
