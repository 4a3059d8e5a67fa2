'use client';
import Link from 'next/link';
import { useRunbooks } from '#client/runbooks.ts';
import { Chip } from '#components/ui/chip.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { plural } from '#shared/units/count.ts';

export function RunbookList() {
  const runbooks = useRunbooks();
  if (runbooks.isPending)
    return (
      <Loading what="runbooks">
        <div className="card p-4">
          <Skeleton height={120} />
        </div>
      </Loading>
    );
  if (!runbooks.data) return <ErrorState error={runbooks.error} onRetry={() => runbooks.refetch()} />;
  return (
    <div className="book-grid">
      {runbooks.data.runbooks.map((runbook) => (
        <section className="card" key={runbook.key} aria-label={runbook.title}>
          <header className="card-h">
            <h2>
              <Link href={`/runbooks/${runbook.key}`}>{runbook.title}</Link>
            </h2>
            <span className="end">{runbook.mutates ? <Chip tone="warn">changes nodes</Chip> : <Chip>reads only</Chip>}</span>
          </header>
          <div className="card-b">
            <p>{runbook.summary}</p>
          </div>
          <footer className="card-f">
            <span className="mono">{runbook.key}</span>
            <span>{plural(runbook.stepCount, 'step')}</span>
            <span className="push mono" title="version: the first digits of the text's sha256">
              {runbook.version}
            </span>
          </footer>
        </section>
      ))}
    </div>
  );
}
