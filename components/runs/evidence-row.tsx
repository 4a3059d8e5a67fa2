'use client';
import { Receipt } from '#components/ui/receipt.tsx';
import type { Evidence } from '#shared/runs.ts';
import { formatClock } from '#shared/units/time.ts';

const MARKS = { pass: 'ok', fail: 'danger', inconclusive: 'unknown' } as const;

export function EvidenceRow({ evidence }: { evidence: Evidence }) {
  return (
    <Receipt
      mark={evidence.verdict === null ? 'skip' : MARKS[evidence.verdict]}
      title={evidence.title}
      command={evidence.command}
      value={evidence.value ?? ''}
      threshold={evidence.threshold ?? undefined}
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
