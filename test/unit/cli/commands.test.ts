import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'node:test';
import { COMMANDS } from '#cli/commands.ts';
import { headroom } from '#cli/headroom.ts';
import { findCommand, parseCall } from '#cli/parse.ts';
import { columns, printable } from '#cli/table.ts';

const root = path.resolve(import.meta.dirname, '../../..');

describe('the table of commands', () => {
  test('each command teaches: a summary, an example that parses, words for its exit codes', () => {
    for (const command of COMMANDS) {
      assert.ok(command.examples.length > 0, command.name);
      assert.match(command.summary, /^[a-z].*[^.]$/, command.name);
      for (const { line } of command.examples) {
        const words = shellWords(line);
        const found = findCommand(COMMANDS, words);
        assert.equal(found?.command, command, line);
        if (found) assert.doesNotThrow(() => parseCall(command, found.rest, IO), line);
      }
    }
  });

  test('each command has its --help, which ends well and names every option', async () => {
    for (const command of COMMANDS.filter(({ passes }) => !passes)) {
      const { lines, code } = await headroom([...command.name.split(' '), '--help']);
      assert.equal(code, 0, command.name);
      assert.ok(lines.includes(`  ${command.examples[0]?.line}`), command.name);
      for (const option of Object.keys(command.options))
        assert.ok(
          lines.some((line) => line.includes(`--${option}`)),
          `${command.name} --${option}`,
        );
      assert.deepEqual(await headroom(['help', ...command.name.split(' ')]), { lines, code });
    }
  });

  test('what is no command ends with 2, and with the one that was meant', async () => {
    for (const [words, meant] of [
      [['node', 'ls'], 'nodes'],
      [['runs', 'strat', 'fd-leak'], 'runs start'],
      [['bakup'], 'backup'],
    ] as const) {
      const { code, lines, error } = await headroom(words);
      assert.deepEqual([code, error], [2, true]);
      assert.match(lines[0] ?? '', new RegExp(`did you mean ${meant}\\?`));
    }
    assert.deepEqual((await headroom(['nosuch'])).lines, ['headroom: there is no command "nosuch"', 'headroom help lists them all.']);
    assert.match((await headroom(['--version'])).lines[0] ?? '', /^headroom \d+\.\d+\.\d+/);
    assert.deepEqual([(await headroom([])).code, (await headroom(['--help'])).code, (await headroom(['runs'])).code], [2, 0, 2]);
    assert.match((await headroom(['help', 'runs'])).lines.join('\n'), /runs start RUNBOOK SELECTOR/);
  });

  test('a call that is not as the usage says ends with 2, in words, before anything is asked', async () => {
    for (const [words, says] of [
      [['nodes', 'add', 'edge-1'], /--host is missing: name or address/],
      [
        ['nodes', 'add', 'edge-1', '--host', 'h', '--user', 'u', '--metrics-via', 'smoke'],
        /--metrics-via is "smoke": it should be one of http, ssh, none/,
      ],
      [['nodes', 'add', 'Edge 1', '--host', 'h', '--user', 'u'], /name: must be lower case letters/],
      [['nodes', 'add', 'edge-1', '--host', 'h', '--user', 'u', '--port', 'x'], /--port is "x": it should be a whole number/],
      [['runs', 'start', 'fd-leak'], /SELECTOR is missing: which nodes/],
      [['runs', 'start', 'fd-leak', '*', '--batches', 'all'], /strategy\.batches\.0/],
      [['runs', 'start', 'fd-leak', '*', '--param', 'watchSeconds'], /--param is "watchSeconds": it should be KEY=VALUE/],
      [['runs', 'watch', 'R-1', 'R-2'], /"R-2" is one word too many/],
      [['runs', 'ls', '--json', '--text'], /--json and --text exclude each other/],
      [['nodes', 'ls', '--colour'], /Unknown option '--colour'/],
      [['nodes', 'ls', 'Group=edge'], /cannot be read at position 1/],
      [['nodes', 'import', 'list.txt'], /does not say what is in it: give --format/],
      [['backup'], /FILE is missing/],
      [['completion', 'ksh'], /should be one of bash, zsh, fish/],
    ] as const) {
      const { code, lines, error } = await headroom(words, { env: {} });
      assert.deepEqual([code, error], [2, true], words.join(' '));
      assert.match(lines.join('\n'), says);
    }
  });

  test('without an address or a token it says what to set', async () => {
    for (const env of [{}, { HEADROOM_URL: 'http://127.0.0.1:1' }])
      assert.match((await headroom(['nodes', 'ls'], { env })).lines.join(), /set HEADROOM_URL .* HEADROOM_TOKEN/);
  });
});

describe('what is printed', () => {
  test('columns stand under each other, and nothing writes to the terminal what it likes', () => {
    assert.deepEqual(
      columns([
        ['a', 'bb', 'c'],
        ['aaa', 'b', ''],
      ]),
      ['a    bb  c', 'aaa  b'],
    );
    assert.equal(printable('edge\u001b[2J\u009b1m\u202e–é'), 'edge?[2J?1m?–é');
  });

  test('the launcher runs it on the right Node, and gives its exit code and both outputs', () => {
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [path.join(root, 'scripts/headroom.mjs'), ...words], { encoding: 'utf8' });
    const help = run('help', 'runs', 'watch');
    assert.deepEqual([help.status, help.stderr], [0, '']);
    assert.match(help.stdout, /^Follow a run until it ends/);
    const wrong = run('runs', 'wacht');
    assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
    assert.match(wrong.stderr, /did you mean runs watch/);
  });
});

const IO = {
  say: () => undefined,
  note: () => undefined,
  status: () => undefined,
  terminal: true,
  env: {},
  sleep: async () => undefined,
  now: () => 0,
  interrupted: new AbortController().signal,
};

/** The words of an example as a shell would give them to headroom. */
function shellWords(line: string): string[] {
  const own = line
    .replace(/^.*?(?<![\w/])(?=headroom )/, '')
    .replace(/ [|>].*$|\)$/g, '')
    .replace(/\$\([^)]*\)/g, 'x');
  return [...own.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
}
