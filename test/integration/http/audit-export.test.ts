import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import * as exportRoute from '#app/api/v1/audit/export/route.ts';
import { headroom } from '#cli/headroom.ts';
import { addNode } from '#server/nodes/index.ts';
import { testConsole } from '#test/support/console.ts';

const ADMIN = { kind: 'system', id: 'system', name: 'test', role: 'admin' } as const;

/** An export of a console in which a few things happened, as a file. */
async function exported(t: TestContext) {
  const { runtime, token } = await testConsole(t);
  for (let i = 0; i < 600; i++)
    await runtime.audit.record({ actor: ADMIN, action: 'test.note', object: `node:${i}`, result: 'ok', at: i, after: { i } });
  await runtime.command(ADMIN, addNode, { name: 'edge-1', host: '10.0.0.1', user: 'sre' });
  const headers = { authorization: `Bearer ${await token('operator')}` };
  const response = await exportRoute.GET(new Request('http://127.0.0.1/api/v1/audit/export', { headers }), { params: Promise.resolve({}) });
  const lines = (await response.text()).trimEnd().split('\n');
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'audit-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const verify = async (rows: readonly string[], ...more: string[]) => {
    const file = path.join(dir, 'audit.ndjson');
    fs.writeFileSync(file, `${rows.join('\n')}\n`);
    return headroom(['audit', 'verify', file, ...more]);
  };
  return { lines, verify };
}

describe('an exported audit', () => {
  test('is whole: every row, in order, and the last one names the head', async (t) => {
    const { lines, verify } = await exported(t);
    assert.ok(lines.length > 601);
    const { code, lines: said } = await verify(lines);
    assert.equal(code, 0, said.join('\n'));
    const head = /head (\d+:[0-9a-f]{64})/.exec(said.join('\n'))?.[1] ?? '';
    assert.equal(Number(head.split(':')[0]), lines.length);
    assert.equal((await verify(lines, '--head', head)).code, 0);
  });

  test('that was changed, shortened or written anew is found, and where', async (t) => {
    const { lines, verify } = await exported(t);
    const head = JSON.parse(lines.at(-1) ?? '{}');
    const tampered: [string, string[], RegExp, ...string[]][] = [
      ['a word changed', lines.map((l, i) => (i === 300 ? l.replace('"test.note"', '"test.none"') : l)), /row 301 is not what was hashed/],
      ['a row taken out', lines.filter((_, i) => i !== 300), /row 302 follows row 300/],
      ['the first row taken out', lines.slice(1), /row 2 follows row 0/],
      ['two rows exchanged', lines.map((l, i) => lines[i === 3 ? 4 : i === 4 ? 3 : i] ?? l), /row 5 follows row 3/],
      ['not an export', [...lines.slice(0, 3), '{"seq":4}'], /line 4 is no row/],
      ['the end cut off', lines.slice(0, -5), /head .* is not in it/, '--head', `${head.seq}:${head.hash}`],
    ];
    for (const [what, rows, words, ...flags] of tampered) {
      const { code, lines: said } = await verify(rows, ...flags);
      assert.equal(code, 1, what);
      assert.match(said.join('\n'), words, what);
    }
  });

  test('holds what the filter lets through, and as CSV no cell that a spreadsheet runs', async (t) => {
    const { runtime, token } = await testConsole(t);
    const person = (name: string) => ({ kind: 'user', id: 'u_1', name, role: 'admin' }) as const;
    await runtime.audit.record({
      actor: person('=HYPERLINK("http://x")'),
      action: 'note.add',
      object: 'node:1',
      result: 'ok',
      at: 5,
      after: { a: '1,"2"\n' },
    });
    await runtime.audit.record({ actor: person('Ada'), action: 'note.remove', object: 'node:1', result: 'refused', at: 6 });
    const headers = { authorization: `Bearer ${await token('operator')}` };
    const read = async (query: string) => {
      const request = new Request(`http://127.0.0.1/api/v1/audit/export?${query}`, { headers });
      return (await exportRoute.GET(request, { params: Promise.resolve({}) })).text();
    };
    const rows = (await read('action=note.&result=refused')).trimEnd().split('\n');
    assert.deepEqual(
      rows.map((row) => JSON.parse(row).action),
      ['note.remove'],
    );
    const csv = await read('action=note.&format=csv');
    assert.deepEqual(csv.split('\r\n').length, 4);
    assert.match(csv, /^seq,at,actorKind,/);
    assert.match(csv, /,"'=HYPERLINK\(""http:\/\/x""\)",note\.add,node:1,ok,,"\{""a"":""1,\\""2\\""\\n""\}",/);
    assert.match(await read('format=xls'), /must be ndjson or csv/);
  });
});
