'use client';
import { BookOpen } from 'lucide-react';
import Link from 'next/link';
import { useRuns } from '#client/runs.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { LoadingRows } from '#components/ui/skeleton.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { runName } from '#shared/run-name.ts';
import { hasEnded } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { runLook, statusLook } from './words.ts';

export function RunList() {
  const runs = useRuns();
  if (runs.isPending) return <LoadingRows what="runs" />;
  if (runs.isError && !runs.data) return <ErrorState error={runs.error} onRetry={() => runs.refetch()} />;
  const list = runs.data?.runs ?? [];
  if (list.length === 0)
    return (
      <EmptyState
        title="No run yet"
        lead="A run carries out a runbook on one node or many, step by step, with the receipts of what each step proved."
      >
        <div className="row">
          <LinkButton look="primary" href="/runbooks">
            <BookOpen className="i s" aria-hidden="true" />
            Choose a runbook
          </LinkButton>
        </div>
      </EmptyState>
    );
  return (
    <section className="card" aria-label="Runs">
      <TableFrame label="Runs">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Runbook</th>
            <th scope="col">On</th>
            <th scope="col">Result</th>
            <th scope="col" className="p2">
              Summary
            </th>
            <th scope="col" className="p3">
              By
            </th>
            <th scope="col" className="num">
              Started
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((run) => {
            // a verdict on a change that may still be taken back is not the run's result yet
            const look = hasEnded(run.status) ? runLook(run) : statusLook(run.status);
            return (
              <tr key={run.id}>
                <td className="name">
                  <Link href={`/runs/${run.id}`}>{runName(run.id)}</Link>
                </td>
                <td>
                  {run.runbook.title}
                  {run.dryRun ? <span className="t3"> (dry run)</span> : null}
                </td>
                <td>{run.targetNames.length === 1 ? run.targetNames[0] : plural(run.targetCount, 'node')}</td>
                <td>
                  <Chip tone={look.tone} mark={look.mark}>
                    {look.word}
                  </Chip>
                  {!hasEnded(run.status) && run.verdict && run.targetCount === 1 ? (
                    <span className="sm t3"> {runLook(run).word.toLowerCase()}</span>
                  ) : null}
                </td>
                <td className="p2 ell runs-summary" title={run.summary}>
                  {run.summary}
                </td>
                <td className="p3">{run.startedBy}</td>
                <td className="num">
                  <Ago at={run.createdAt} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
    </section>
  );
}
