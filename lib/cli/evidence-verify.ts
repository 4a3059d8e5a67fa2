import { verifyBundle } from '#shared/evidence/verify.ts';
import type { Answer } from './answer.ts';

export async function verifyEvidence(bytes: Uint8Array, asked: { key?: string }): Promise<Answer> {
  const { ok, problems, manifest, fingerprint, receipts } = await verifyBundle(bytes, asked);
  if (!ok || manifest === null) return { lines: ['NOT as it was signed:', ...problems.map((p) => `  ${printable(p)}`)], code: 1 };
  const cut = receipts.total - receipts.whole;
  const lines = [
    `as it was signed: run ${printable(manifest.runId)}, exported at ${manifest.exportedAt} by ${printable(manifest.exportedBy)}`,
    `  ${manifest.files.length} files and ${receipts.total} receipts; ${receipts.whole} hold the whole output with its sha256${cut > 0 ? `, ${cut} a part of it` : ''}`,
    `  key ${fingerprint}${asked.key === undefined ? ': compare it with GET /api/v1/runs/evidence-key of the console, or give it with --key' : ', as asked'}`,
  ];
  return { lines, code: 0 };
}

/** A bundle of a stranger does not write to the terminal what it likes. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
