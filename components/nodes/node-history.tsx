'use client';
import Link from 'next/link';
import { useRunsOf } from '#client/nodes.ts';
import { Chip, type Tone } from '#components/ui/chip.tsx';
import type { MarkKind } from '#components/ui/mark.tsx';
import { Ago } from '#components/ui/now.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { hasEnded, type RunList } from '#shared/runs.ts';

type ListedRun = RunList['runs'][number];

/** Every run that had this node among its targets. */
export function NodeHistory({ name }: { name: string }) {
  const { data, error, refetch } = useRunsOf(name);
  if (!data) return <RowsToCome error={error} onRetry={() => void refetch()} height={120} />;
  if (data.length === 0) return <p className="no-points">No run has touched this node yet.</p>;
  return (
    <TableFrame label={`Runs on ${name}`}>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Verdict</th>
          <th scope="col">What came out</th>
          <th scope="col" className="num">
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {data.map((run) => {
          const look = lookOf(run);
          return (
            <tr key={run.id}>
              <td>
                <Link className="name" href={`/runs/${encodeURIComponent(run.id)}`}>
                  {run.runbook.title}
                </Link>{' '}
                <span className="t3 sm">
                  {run.targetCount > 1 ? `${run.targetCount} nodes` : ''}
                  {run.dryRun ? ' dry run' : ''}
                </span>
              </td>
              <td>
                <Chip tone={look.tone} mark={look.mark}>
                  {look.word}
                </Chip>
              </td>
              <td className="wrap">{run.summary}</td>
              <td className="num">
                <Ago at={run.createdAt} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </TableFrame>
  );
}

function lookOf(run: ListedRun): { tone: Tone; mark: MarkKind; word: string } {
  if (!hasEnded(run.status)) return { tone: 'accent', mark: 'run', word: run.status };
  if (run.status === 'rolled-back') return { tone: 'warn', mark: 'warn', word: 'rolled back' };
  if (run.status === 'aborted') return { tone: 'neutral', mark: 'skip', word: 'aborted' };
  if (run.verdict === 'pass') return { tone: 'ok', mark: 'ok', word: 'pass' };
  if (run.verdict === 'inconclusive') return { tone: 'unknown', mark: 'unknown', word: 'can’t tell' };
  return { tone: 'danger', mark: 'danger', word: run.verdict === 'fail' ? 'not fixed' : 'failed' };
}
