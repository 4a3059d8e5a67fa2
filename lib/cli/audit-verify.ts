import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type AuditRow, auditRowSchema, chainBreak } from '#shared/audit-chain.ts';
import type { Answer } from './answer.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Is an exported audit whole and unchanged? The chain proves it from its first row to its last; that no row was cut off at the end only a head that was
 * noted elsewhere can prove, `seq:hash`.
 */
export async function verifyAudit(file: string, asked: { head?: string }): Promise<Answer> {
  let last: AuditRow | null = null;
  let line = 0;
  let headSeen = asked.head === undefined;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text === '') continue;
    const row = readRow(text);
    if (row === null) return { lines: [`NOT whole: line ${line} is no row of an audit export`], code: 1 };
    const broken: string | null = chainBreak(row, last, sha256);
    if (broken !== null) return { lines: [`NOT whole: ${broken}`], code: 1 };
    last = row;
    if (asked.head === headOf(row)) headSeen = true;
  }
  if (last === null) return { lines: [`${file} has no rows`], code: 1 };
  if (!headSeen)
    return { lines: [`NOT whole: the head ${asked.head} is not in it: rows were cut off, or all of it was written anew`], code: 1 };
  const told =
    asked.head === undefined
      ? 'note this head where the console cannot write, and give it with --head next time'
      : 'with the head that was asked for';
  return { lines: [`whole and unchanged: ${last.seq} rows, ${told}`, `  head ${headOf(last)}`], code: 0 };
}

const headOf = (row: AuditRow): string => `${row.seq}:${row.hash}`;

function readRow(text: string): AuditRow | null {
  try {
    return auditRowSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
