import { z } from 'zod';

/** One row as stored and exported: `before` and `after` are the JSON text that was hashed, byte for byte. */
export const auditRowSchema = z.object({
  seq: z.number().int(),
  at: z.number(),
  actorKind: z.string(),
  actorId: z.string(),
  actorName: z.string(),
  action: z.string(),
  object: z.string(),
  result: z.enum(['ok', 'refused', 'failed']),
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** hash of the row before; '' for the first */
  prev: z.string(),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof auditRowSchema>;

/** What a row's sha256 covers: its columns in this order; JSON keeps their borders apart. */
export const chainText = (row: Omit<AuditRow, 'hash'>): string =>
  JSON.stringify([
    row.prev,
    row.seq,
    row.at,
    row.actorKind,
    row.actorId,
    row.actorName,
    row.action,
    row.object,
    row.result,
    row.before,
    row.after,
  ]);

/** Why `row` does not follow from the one before it (null: it is the first of the chain); null when it does. `sha256` gives hex. */
export function chainBreak(row: AuditRow, last: Pick<AuditRow, 'seq' | 'hash'> | null, sha256: (text: string) => string): string | null {
  if (row.seq !== (last?.seq ?? 0) + 1) return `row ${row.seq} follows row ${last?.seq ?? 0}: rows between them are missing`;
  if (row.prev !== (last?.hash ?? '')) return `row ${row.seq} does not name the hash of the row before it`;
  if (sha256(chainText(row)) !== row.hash) return `row ${row.seq} is not what was hashed: it was changed`;
  return null;
}
