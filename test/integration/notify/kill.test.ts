import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { sink } from './rig.ts';

const PROGRAM = path.join(import.meta.dirname, 'killed-console.ts');

function consoleOn(t: TestContext, args: string[]): { child: ChildProcess; lines: string[]; gone: Promise<unknown> } {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  const gone = new Promise((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  return { child, lines, gone };
}

test('of a console that is killed while it tells, every change that was kept arrives; what went twice has the same id', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'killed-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  // slow, so that some are under way at every kill
  const { got, url } = await sink(t, (_, response) => setTimeout(() => response.writeHead(200).end(), 15));
  const said: string[] = [];
  for (let round = 0; round < 2; round++) {
    const { child, lines, gone } = consoleOn(t, [dir, url, `${round * 1000}`, '60']);
    const before = got.length;
    await until('it tells', () => got.length >= before + 12, { timeoutMs: 30_000 });
    child.kill('SIGKILL');
    await gone;
    said.push(...lines.filter((line) => line.startsWith('said ')).map((line) => line.slice(5)));
  }
  const known = () => new Set(got.map(({ body }) => JSON.parse(body).data.key));
  assert.ok(said.length > known().size, `${said.length} kept, ${known().size} told at the last kill`);
  consoleOn(t, [dir, url, '0', '0']);
  await until('all arrive', () => said.every((key) => known().has(key)), { timeoutMs: 30_000, everyMs: 100 });
  const ids = new Map<string, Set<unknown>>();
  for (const { body, headers } of got) {
    const { key } = JSON.parse(body).data;
    ids.set(key, (ids.get(key) ?? new Set()).add(headers['webhook-id']));
  }
  assert.deepEqual(
    [...ids].filter(([, of]) => of.size !== 1),
    [],
  );
  assert.ok(got.length - ids.size <= 2 * 4, `${got.length - ids.size} went twice: at most what was under way at a kill`);
});
