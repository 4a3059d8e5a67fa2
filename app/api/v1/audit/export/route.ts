import { z } from 'zod';
import { auditFilterSchema } from '#shared/audit.ts';
import type { AuditRow } from '#shared/audit-chain.ts';
import { toInstant } from '#shared/time.ts';
import { handle } from '../../../_http/handle.ts';
import { auditView } from '../view.ts';

const FORMATS = ['ndjson', 'csv'] as const;
const query = auditFilterSchema.extend({ format: z.enum(FORMATS, 'must be ndjson or csv').default('ndjson') });

/**
 * The rows that the filter lets through, oldest first. JSON lines without a filter are what `headroom audit verify` reads; a part of the chain proves
 * nothing about the rest.
 */
export const GET = handle({ permission: 'audit.read', on: 'scoped', query }, async ({ runtime, scope, query: { format, ...filter } }) => {
  const rows = runtime.audit.all(filter, await auditView(runtime, scope));
  const encoder = new TextEncoder();
  const line = format === 'csv' ? csvLine : (row: AuditRow) => `${JSON.stringify(row)}\n`;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (format === 'csv') controller.enqueue(encoder.encode(`${COLUMNS.join(',')}\r\n`));
    },
    async pull(controller) {
      const { done, value } = await rows.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value.map(line).join('')));
    },
    async cancel() {
      await rows.return(undefined);
    },
  });
  const headers = {
    'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
    'content-disposition': `attachment; filename="headroom-audit.${format}"`,
  };
  return new Response(body, { headers: { ...headers, 'cache-control': 'no-store' } });
});

const COLUMNS = [
  'seq',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'action',
  'object',
  'result',
  'before',
  'after',
  'prev',
  'hash',
] as const;

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe, so that a node's name is no program. */
function csvLine(row: AuditRow): string {
  const cells = COLUMNS.map((name) => {
    const value = name === 'at' ? toInstant(row.at) : String(row[name] ?? '');
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(',')}\r\n`;
}
