import type { z } from 'zod';
import type { auditPageSchema } from '#shared/audit.ts';
import { runName } from '#shared/run-name.ts';

export type AuditEntry = z.infer<typeof auditPageSchema>['entries'][number];
export type AuditObject = { kind: string; name: string; href: string | null; gone: boolean; reason: string | null };

/** What an entry acted on, by its name: as it is called now, else as the entry itself recorded it, else its id. Null when it was nothing. */
export function objectOf(
  entry: Pick<AuditEntry, 'object' | 'before' | 'after'>,
  nodeNames: ReadonlyMap<string, string>,
): AuditObject | null {
  if (entry.object === '-') return null;
  const reason = text(entry.after, 'reason');
  const at = entry.object.indexOf(':');
  if (at < 0)
    return {
      kind: '',
      name: entry.object === 'runs' ? 'all runs' : entry.object,
      href: entry.object === 'runs' ? '/runs' : null,
      gone: false,
      reason,
    };
  const [kind, id] = [entry.object.slice(0, at), entry.object.slice(at + 1)];
  const recorded = text(entry.after, 'name') ?? text(entry.before, 'name') ?? text(entry.after, 'email') ?? text(entry.before, 'email');
  if (kind === 'run') return { kind, name: runName(id), href: `/runs/${encodeURIComponent(id)}`, gone: false, reason };
  if (kind === 'incident')
    return { kind, name: text(entry.after, 'title') ?? id, href: `/incidents/${encodeURIComponent(id)}`, gone: false, reason };
  if (kind === 'node') {
    const name = nodeNames.get(id);
    const href = name === undefined ? null : `/nodes/${encodeURIComponent(id)}`;
    return { kind, name: name ?? recorded ?? id, href, gone: name === undefined && nodeNames.size > 0, reason };
  }
  return { kind, name: recorded ?? id, href: null, gone: false, reason };
}

const text = (value: unknown, key: string): string | null => {
  if (typeof value !== 'object' || value === null || !(key in value)) return null;
  const found = Object.entries(value).find(([name]) => name === key)?.[1];
  return typeof found === 'string' && found !== '' ? found : null;
};
