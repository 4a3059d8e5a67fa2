'use client';
import { Receipt } from '#components/ui/receipt.tsx';
import type { Evidence } from '#shared/runs.ts';
import { formatClock } from '#shared/units/time.ts';

const MARKS = { pass: 'ok', fail: 'danger', inconclusive: 'unknown' } as const;

/** What the value was held against, where the value does not say it already. */
export function limitOf({ value, threshold, verdict }: Evidence): string | undefined {
  if (threshold === null || threshold === value) return undefined;
  return verdict === 'fail' ? `should be ${threshold}` : threshold;
}

export function EvidenceRow({ evidence }: { evidence: Evidence }) {
  return (
    <Receipt
      mark={evidence.verdict === null ? 'skip' : MARKS[evidence.verdict]}
      title={evidence.title}
      command={evidence.command}
      value={evidence.value ?? ''}
      threshold={limitOf(evidence)}
      sha256={evidence.sha256}
      raw={evidence.raw}
      meta={
        <span>
          {formatClock(Date.parse(evidence.at))} UTC{evidence.exitCode === null ? '' : `, exit code ${evidence.exitCode}`}
        </span>
      }
    />
  );
}
