'use client';
import Link from 'next/link';
import { useRunbooks } from '#client/runbooks.ts';
import { Callout } from '#components/ui/callout.tsx';
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
  const { problems } = runbooks.data;
  return (
    <div className="stack">
      {problems.length > 0 ? (
        <Callout tone="warn">
          <b>{plural(problems.length, 'file')} of the runbooks folder cannot be run.</b>
          <ul>
            {problems.map(({ file, message }) => (
              <li key={`${file} ${message}`}>
                <code>{file}</code>: {message}
              </li>
            ))}
          </ul>
        </Callout>
      ) : null}
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
              {runbook.builtin ? null : <Chip>yours</Chip>}
              <span className="push mono" title="version: the first digits of the text's sha256">
                {runbook.version}
              </span>
            </footer>
          </section>
        ))}
      </div>
    </div>
  );
}
