import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { headroom } from '#cli/headroom.ts';
import { bundleSchema, manifestSchema, writeBundle } from '#shared/evidence/bundle.ts';
import { verifyBundle } from '#shared/evidence/verify.ts';
import { simulation } from '#test/support/simulated-console.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

async function finishedRun(t: TestContext) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const { id } = await console.start({ selector: 'name=edge-1', strategy: { gates: 'auto' } });
  await world.ended(console, id);
  return { world, console, id, text: await console.runs.exportEvidence(id, 'sre') };
}

describe('the evidence of a run', () => {
  test('is one signed file with run, runbook, every receipt, report and the chart of the judged windows', async (t) => {
    const { console, id, text } = await finishedRun(t);
    const found = await verifyBundle(utf8(text));
    assert.deepEqual(found.problems, []);
    assert.equal(found.ok, true);
    assert.equal(found.fingerprint, (await console.runs.evidenceKey()).fingerprint);
    const { files } = bundleSchema.parse(JSON.parse(text));
    assert.deepEqual(Object.keys(files), ['run.json', 'runbook.md', 'receipts.json', 'report.md', 'charts/1.svg']);
    const run = await console.runs.get(id);
    const receipts = run.targets.flatMap((target) => target.steps.flatMap((s) => s.evidence));
    assert.ok(receipts.length > 14);
    assert.equal(found.receipts.total, receipts.length);
    for (const receipt of receipts) assert.ok(files['report.md']?.includes(receipt.sha256));
    assert.match(files['charts/1.svg'] ?? '', /before: .*per 1,000 conn[\s\S]*after: /);
    const postmortem = await console.runs.draftPostmortem(id);
    assert.match(postmortem, /edge-1: fixed; before .* fds per 1,000 connections/);
    assert.match(postmortem, /\*To fill in\*/);
  });

  test('shows a change of any byte', async (t) => {
    const { text } = await finishedRun(t);
    const bytes = utf8(text);
    // Hundreds of places all over the file, and every one of its last two hundred and first four hundred bytes.
    const places = new Set(Array.from({ length: 300 }, (_, i) => Math.floor((i * bytes.length) / 300)));
    for (let i = 0; i < 400; i++) places.add(i).add(bytes.length - 1 - Math.floor(i / 2));
    for (const at of places) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal((await verifyBundle(changed)).ok, false, `byte ${at} of ${bytes.length}`);
    }
    for (const changed of [text.slice(0, -1), `${text} `, `\ufeff${text}`, text.replace('"files"', ' "files"')])
      assert.equal((await verifyBundle(utf8(changed))).ok, false);
  });

  test('names the part that was changed, added or taken away', async (t) => {
    const { text } = await finishedRun(t);
    const bundle = bundleSchema.parse(JSON.parse(text));
    const problems = async (files: Record<string, string>) =>
      (await verifyBundle(utf8(writeBundle({ ...bundle, files })))).problems.join('; ');
    assert.match(await problems({ ...bundle.files, 'report.md': 'all is well' }), /report\.md was changed/);
    assert.match(await problems({ ...bundle.files, 'more.md': 'x' }), /more\.md is not in the manifest/);
    const { 'receipts.json': _, ...rest } = bundle.files;
    assert.match(await problems(rest), /receipts\.json is missing/);
  });

  test('that somebody else signed is told by the key', async (t) => {
    const { text } = await finishedRun(t);
    const { console: other, id } = await finishedRun(t);
    const { fingerprint } = await other.runs.evidenceKey();
    assert.match((await verifyBundle(utf8(text), { key: fingerprint })).problems.join(), /it was signed by the key/);
    assert.equal((await verifyBundle(utf8(await other.runs.exportEvidence(id, 'sre')), { key: fingerprint })).ok, true);
    const bundle = bundleSchema.parse(JSON.parse(text));
    const manifest = manifestSchema.parse(JSON.parse(bundle.manifest));
    const forged = `${JSON.stringify({ ...manifest, publicKey: (await other.runs.evidenceKey()).publicKey }, null, 1)}\n`;
    assert.match((await verifyBundle(utf8(writeBundle({ ...bundle, manifest: forged })))).problems.join(), /the signature is not/);
  });

  test('is signed by the same key after the console was started again', async (t) => {
    const { world, console, id } = await finishedRun(t);
    const { fingerprint } = await console.runs.evidenceKey();
    await console.stop();
    const next = await world.openConsole();
    assert.equal((await next.runs.evidenceKey()).fingerprint, fingerprint);
    assert.equal((await verifyBundle(utf8(await next.runs.exportEvidence(id, 'sre')), { key: fingerprint })).ok, true);
  });

  test('is checked offline by the command', async (t) => {
    const { text } = await finishedRun(t);
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'evidence-'));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'run.json');
    fs.writeFileSync(file, text);
    const good = await headroom(['evidence', 'verify', file]);
    assert.equal(good.code, 0, good.lines.join('\n'));
    assert.match(good.lines.join('\n'), /as it was signed: run r_/);
    assert.equal((await headroom(['evidence', 'verify', file, '--key', 'SHA256:other'])).code, 1);
    fs.writeFileSync(file, text.replace('succeeded', 'Succeeded'));
    assert.equal((await headroom(['evidence', 'verify', file])).code, 1);
    assert.equal((await headroom(['evidence', 'verify', `${file}.none`])).code, 2);
    assert.equal((await headroom(['evidence'])).code, 2);
  });
});
