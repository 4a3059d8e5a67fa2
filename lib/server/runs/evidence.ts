import { createHash } from 'node:crypto';
import type { Db } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Receipt } from '#server/ssh/index.ts';
import type { Verdict } from '#shared/runs.ts';
import { insertEvidence } from './store.ts';

export type Proof = {
  title: string;
  receipt?: Receipt;
  /** the query or computation, where no command was run on the node */
  command?: string;
  raw?: string;
  value?: string | null;
  threshold?: string | null;
  verdict?: Verdict | null;
};

const MAX_RAW = 64 * 1024;

/** Stores one receipt; the hash is of all that was said, also where `raw` is cut. */
export async function storeEvidence(
  db: Db,
  of: { runId: string; nodeId: string; step: string; attempt: number; now: number },
  proof: Proof,
): Promise<void> {
  const raw = proof.receipt?.raw ?? proof.raw ?? '';
  const { now, ...where } = of;
  await insertEvidence(db, {
    ...where,
    id: newId('ev', now),
    at: proof.receipt?.at ?? now,
    title: proof.title,
    command: proof.receipt?.command ?? proof.command ?? null,
    exitCode: proof.receipt?.exitCode ?? null,
    raw: raw.slice(0, MAX_RAW),
    sha256: proof.receipt?.sha256 ?? createHash('sha256').update(raw).digest('hex'),
    value: proof.value ?? null,
    threshold: proof.threshold ?? null,
    verdict: proof.verdict ?? null,
  });
}
