import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { COMMANDS } from '#cli/commands.ts';
import { completion } from '#cli/completion.ts';

const has = (file: string) => fs.existsSync(file);
const words = (line: string) => line.trim().split(/\s+/);

/** What fish offers at the end of this line. */
function fishOffers(line: string): string[] {
  const script = `${completion('fish', COMMANDS)}\ncomplete -C ${JSON.stringify(line)}`;
  const { stdout, stderr, status } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env: quietHome() });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').flatMap((offer) => (offer === '' ? [] : [offer.split('\t')[0] ?? '']));
}

/** What zsh shows for Tab at the end of this line: an interactive zsh in a terminal of its own, since its completion works in the line editor alone. Read until `last` is shown. */
function zshOffers(line: string, last: string): string[] {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'zsh-'));
  fs.writeFileSync(path.join(dir, '_headroom.zsh'), completion('zsh', COMMANDS));
  const driver = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='' ; autoload -Uz compinit; compinit -u -D; source ${dir}/_headroom.zsh; LISTMAX=1000; setopt auto_list no_list_beep; stty cols 300; zstyle ':completion:*' list-colors no=; bindkey '^I' list-choices; print READY-\\$((1+1))"
zpty -r z got '*READY-2*'
zpty -n -w z ${JSON.stringify(line)}$'\\t'
zpty -r -m z got '*${last}*' && print -r -- "$got"
zpty -d z`;
  const { stdout } = spawnSync('zsh', ['-f', '-c', driver], { encoding: 'utf8', timeout: 20_000, env: quietHome() });
  fs.rmSync(dir, { recursive: true, force: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own sequences
  return words(stdout.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, ' '));
}

const quietHome = () => ({ NODE_ENV: 'test' as const, PATH: process.env.PATH ?? '', HOME: os.tmpdir(), TERM: 'xterm', LC_ALL: 'C.UTF-8' });

describe('completion, in the shells themselves', () => {
  test('fish offers nouns, verbs, options and their values', { skip: !has('/usr/bin/fish') && 'fish is not installed' }, () => {
    assert.ok(fishOffers('headroom ').includes('nodes'));
    assert.deepEqual(fishOffers('headroom runs st').sort(), ['start', 'stop-all']);
    assert.deepEqual(fishOffers('headroom runs start fd-leak x --on-fail ').sort(), ['abort', 'pause', 'rollback']);
    assert.ok(fishOffers('headroom runs start --ba').includes('--batches'));
    assert.deepEqual(fishOffers('headroom completion ').sort(), ['bash', 'fish', 'zsh']);
    assert.ok(!fishOffers('headroom nodes ').includes('start'));
  });

  test('zsh offers nouns, verbs, options and their values', { skip: !has('/usr/bin/zsh') && 'zsh is not installed' }, () => {
    const nouns = zshOffers('headroom ', 'incidents');
    assert.ok(nouns.includes('nodes') && nouns.includes('incidents'), nouns.join(' '));
    const verbs = zshOffers('headroom runs st', 'stop-all');
    assert.ok(verbs.includes('start') && verbs.includes('stop-all') && !verbs.includes('abort'), verbs.join(' '));
    const values = zshOffers('headroom runs start fd-leak x --on-fail ', 'rollback');
    for (const value of ['abort', 'pause', 'rollback']) assert.ok(values.includes(value), values.join(' '));
  });
});
