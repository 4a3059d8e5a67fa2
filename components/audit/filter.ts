import { AUDIT_RESULTS } from '#shared/audit-results.ts';

export const RANGES = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
export const TEXTS = ['actor', 'action', 'object'] as const;
type Range = keyof typeof RANGES;
export type AuditQuery = Partial<Record<(typeof TEXTS)[number] | 'result' | 'from' | 'to', string>>;

/** A minute: what "the last hour" begins at moves with the clock, and a question that moves is asked anew. */
const STEADY_MS = 60_000;

export const isRange = (text: string | null): text is Range => text !== null && Object.hasOwn(RANGES, text);

/** What the page's URL asks of the audit. `range` is up to now; `from` and `to`, where a link gives them, are instants. */
export function auditQuery(search: URLSearchParams, now: number): AuditQuery {
  const query: AuditQuery = {};
  for (const name of [...TEXTS, 'from', 'to'] as const) {
    const value = search.get(name)?.trim();
    if (value) query[name] = value;
  }
  const result = AUDIT_RESULTS.find((one) => one === search.get('result'));
  if (result) query.result = result;
  const range = search.get('range');
  if (isRange(range)) query.from = new Date(Math.floor((now - RANGES[range]) / STEADY_MS) * STEADY_MS).toISOString();
  return query;
}

/** Where the rows of the question are downloaded. */
export function exportHref(query: AuditQuery, format: 'ndjson' | 'csv'): string {
  return `/api/v1/audit/export?${new URLSearchParams({ ...query, format })}`;
}

/** `before` and `after` as texts to compare line by line: keys in their order, one a line. */
export const stateText = (value: unknown): string => (value === null || value === undefined ? '' : `${JSON.stringify(value, null, 2)}\n`);
