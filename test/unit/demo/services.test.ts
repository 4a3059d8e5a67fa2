import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { createJournal } from '#demo/services/journal.ts';
import { timerTable } from '#demo/services/manager.ts';
import { createUnitFiles } from '#demo/services/properties.ts';
import { spanMs } from '#demo/services/span.ts';
import { parseSystemdRun } from '#demo/services/systemd-run.ts';
import { until } from '#test/support/until.ts';

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

describe('systemd-run on a demo node', () => {
  const run = (...argv: string[]) => parseSystemdRun(argv, () => 'run-r1');

  test('reads the command line by which the console arms a revert', () => {
    const parsed = run(
      '--quiet',
      '--collect',
      '--unit=headroom-revert-a_1',
      '--on-active=5',
      '--on-unit-active=5',
      '--timer-property=AccuracySec=1s',
      '/bin/sh',
      '/x/revert.sh',
      '--not-an-option',
    );
    assert.deepEqual(parsed, {
      ok: true,
      quiet: true,
      spec: { name: 'headroom-revert-a_1', argv: ['/bin/sh', '/x/revert.sh', '--not-an-option'], onActiveMs: 5_000, onUnitActiveMs: 5_000 },
    });
  });

  test('a command without a timer runs at once under a made-up name', () => {
    assert.deepEqual(run('--', 'true'), {
      ok: true,
      quiet: false,
      spec: { name: 'run-r1', argv: ['true'], onActiveMs: null, onUnitActiveMs: null },
    });
  });

  test('what it does not understand is refused with its name, never ignored', () => {
    for (const [argv, words] of [
      [['--on-active=soon', 'true'], /on-active= argument: soon/],
      [['--frobnicate=1', 'true'], /--frobnicate/],
      [['--unit=a b', 'true'], /a b/],
      [['--unit=x'], /Command line/],
    ] as const) {
      const parsed = run(...argv);
      assert.ok(!parsed.ok && words.test(parsed.message));
    }
  });

  test('spans are read as systemd.time has them', () => {
    assert.deepEqual(['5', '5s', '90sec', '1min 30s', '2h', '500ms', '', 'x', '5 parsecs'].map(spanMs), [
      5_000,
      5_000,
      90_000,
      90_000,
      7_200_000,
      500,
      null,
      null,
      null,
    ]);
  });
});

describe('the service manager of a demo node', () => {
  test('list-timers has one line per timer, with what it starts', () => {
    const now = Date.UTC(2026, 10, 24, 12);
    const table = timerTable([{ unit: 'a.timer', activates: 'a.service', nextAt: now + 4_000, lastAt: null }], now, true);
    assert.equal(table, '2026-11-24 12:00:04 UTC 4s left - - a.timer a.service\n');
    assert.equal(timerTable([], now, true), '');
    assert.match(timerTable([], now, false), /0 timers listed/);
  });

  test("a unit's file is replaced in one step and holds property=value lines", (t) => {
    const dir = tempDir(t);
    const files = createUnitFiles(dir);
    files.put('sniproxy.service', { MainPID: '7', ActiveState: 'active' });
    assert.equal(fs.readFileSync(path.join(dir, 'sniproxy.service'), 'utf8'), 'MainPID=7\nActiveState=active\n');
    files.remove('sniproxy.service');
    assert.deepEqual(fs.readdirSync(dir), []);
  });

  test('the journal stamps every line with time, host, program and pid, also lines that come in pieces', async (t) => {
    const file = path.join(tempDir(t), 'log', 'sniproxy.log');
    const journal = createJournal({ file, host: 'edge-fra-01' });
    const stream = new PassThrough();
    journal.follow(stream, 'sniproxy-server', 42);
    stream.write('one\ntw');
    stream.end('o\nthree');
    await until('three lines', () => fs.readFileSync(file, 'utf8').split('\n').length === 4);
    const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000 /, '')),
      ['one', 'two', 'three'].map((word) => `edge-fra-01 sniproxy-server[42]: ${word}`),
    );
    journal.close();
    journal.write('late', 1, 'after the end');
  });

  test('the journal is rotated and keeps one older file', (t) => {
    const file = path.join(tempDir(t), 'sniproxy.log');
    const journal = createJournal({ file, host: 'h', rotateAt: 2_000 });
    for (let i = 0; i < 100; i++) journal.write('x', 1, `line ${i}`);
    journal.close();
    assert.ok(fs.statSync(file).size <= 2_000 && fs.statSync(`${file}.1`).size <= 2_000);
    assert.match(fs.readFileSync(file, 'utf8'), /line 99\n$/);
    assert.equal(fs.readdirSync(path.dirname(file)).length, 2);
  });
});
