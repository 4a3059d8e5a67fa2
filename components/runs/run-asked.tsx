import Link from 'next/link';
import type { ReactNode } from 'react';
import { Card, Facts } from '#components/ui/card.tsx';
import { Ago } from '#components/ui/now.tsx';
import { ON_FAIL_WORDS } from '#shared/on-fail-words.ts';
import type { Run } from '#shared/runs.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

/** Names that fit; the matrix of the run has the rest. */
const MOST_NAMES = 12;

/** What its starter asked for, in the words of the form. */
export function askedRows(run: Run): (readonly [label: ReactNode, value: ReactNode, key: string])[] {
  const { strategy } = run;
  const many = run.targets.length > 1;
  const named = run.targets.slice(0, MOST_NAMES);
  const settings = Object.entries(run.params).filter(([, value]) => value !== null && value !== undefined);
  return [
    [
      'Nodes',
      <>
        {named.map(({ nodeId, name }, i) => (
          <span key={nodeId}>
            {i > 0 ? ', ' : ''}
            <Link href={`/nodes/${nodeId}`}>{name}</Link>
          </span>
        ))}
        {run.targets.length > named.length ? ` and ${plural(run.targets.length - named.length, 'more node')}` : ''}
      </>,
      'nodes',
    ],
    ['Selector', <code key="selector">{run.selector}</code>, 'selector'],
    ...(settings.length > 0
      ? [
          [
            'Settings',
            <code key="settings">{settings.map(([name, value]) => `${name}: ${String(value)}`).join(', ')}</code>,
            'settings',
          ] as const,
        ]
      : []),
    ...(many
      ? [['Batches', `${strategy.batches.join(', ')}; at most ${formatCount(strategy.maxParallel)} at once`, 'batches'] as const]
      : []),
    ['When one fails', ON_FAIL_WORDS[strategy.onFail], 'fails'],
    ['Keep or revert?', strategy.gates === 'auto' ? 'answered with the default' : 'a person is asked', 'gates'],
    ['Waits for the console', `${formatDuration(strategy.confirmSeconds)}, then a changed node restores itself`, 'confirm'],
    ...(run.approval?.by
      ? [
          [
            'Agreed by',
            <>
              {run.approval.by}
              {run.approval.at ? (
                <>
                  , <Ago at={run.approval.at} />
                </>
              ) : null}
            </>,
            'agreed',
          ] as const,
        ]
      : []),
    ...(run.override ? [['In spite of a freeze, because', run.override, 'override'] as const] : []),
  ];
}

export function RunAsked({ run }: { run: Run }) {
  return (
    <Card title="What was asked" className="run-asked">
      <Facts rows={askedRows(run)} />
    </Card>
  );
}
