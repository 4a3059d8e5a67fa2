import { createHash } from 'node:crypto';
import type { Db } from '#server/db/index.ts';
import { type Bundle, fingerprintOf, type Manifest, type StoredReceipt, writeBundle } from '#shared/evidence/bundle.ts';
import type { Run } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { loadReceipts } from '../store.ts';
import { judgedChart, judgedPoints } from './chart.ts';
import { writeReport } from './report.ts';
import type { SigningKey } from './signing-key.ts';

/** The run as one signed file: what was planned, what was run, everything that was said, and what was made of it. */
export async function exportRun(of: { db: Db; run: Run; runbookText: string; key: SigningKey; by: string; now: number }): Promise<string> {
  const { run, key } = of;
  const receipts = await loadReceipts(of.db, run);
  const exportedAt = toInstant(of.now);
  const charts = drawCharts(run, receipts);
  const report = { run, receipts, exportedAt, fingerprint: await fingerprintOf(key.publicKey) };
  const files: Record<string, string> = {
    'run.json': json({ ...run, targets: run.targets.map(withoutReceipts) }),
    'runbook.md': of.runbookText,
    'receipts.json': json(receipts),
    'report.md': writeReport({ ...report, charts: new Map(charts.map((c) => [c.nodeId, c.path])) }),
  };
  for (const { path, svg } of charts) files[path] = svg;
  for (const [path, text] of Object.entries(files)) files[path] = text.toWellFormed();
  const manifest: Manifest = {
    runId: run.id,
    exportedAt,
    exportedBy: of.by.toWellFormed(),
    publicKey: key.publicKey,
    files: Object.entries(files).map(([path, text]) => ({
      path,
      bytes: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
    })),
  };
  const text = json(manifest);
  const bundle: Bundle = { format: 'headroom-evidence/1', manifest: text, signature: key.sign(text), files };
  return writeBundle(bundle);
}

/** They are all in receipts.json, once. */
const withoutReceipts = (target: Run['targets'][number]) => ({
  ...target,
  steps: target.steps.map(({ evidence, ...step }) => ({ ...step, receipts: evidence.map((e) => e.id) })),
});

function drawCharts(run: Run, receipts: readonly StoredReceipt[]): { nodeId: string; path: string; svg: string }[] {
  return run.targets.flatMap((target, i) => {
    const ofNode = receipts.filter((r) => r.nodeId === target.nodeId);
    const last = Math.max(...ofNode.map((r) => r.attempt));
    const svg = target.judgement && judgedChart(target.name, target.judgement, judgedPoints(ofNode.filter((r) => r.attempt === last)));
    // A name may hold what a path may not.
    return svg ? [{ nodeId: target.nodeId, path: `charts/${i + 1}.svg`, svg }] : [];
  });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
