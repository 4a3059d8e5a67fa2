import { createHash } from 'node:crypto';
import { readSnapshot } from '#server/db/index.ts';
import { sealedWith } from '#server/settings/index.ts';
import { type AuditRow, auditRowSchema, chainBreak } from '#shared/audit-chain.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export type Facts = {
  /** of the key that its secrets are sealed with; null: it has none */
  keyId: string | null;
  auditHead: { seq: number; hash: string } | null;
  /** why the audit is not whole; null when it is */
  auditBreak: string | null;
  nodes: number;
};

/** What a copy of a database says of itself, whatever version wrote it. */
export function readFacts(file: string): Facts {
  return readSnapshot(file, (rows) => {
    const [secret] = [...rows('SELECT sealed FROM secrets LIMIT 1')];
    const [count] = [...rows('SELECT count(*) AS nodes FROM nodes')];
    const audit = walkAudit(rows('SELECT * FROM audit ORDER BY seq'));
    return { keyId: secret ? sealedWith(String(secret.sealed)) : null, nodes: Number(count?.nodes), ...audit };
  });
}

function walkAudit(rows: Iterable<unknown>): Pick<Facts, 'auditHead' | 'auditBreak'> {
  let last: AuditRow | null = null;
  let auditBreak: string | null = null;
  for (const raw of rows) {
    const row = auditRowSchema.parse(raw);
    auditBreak = chainBreak(row, last, sha256);
    if (auditBreak !== null) break;
    last = row;
  }
  return { auditHead: last && { seq: last.seq, hash: last.hash }, auditBreak };
}
