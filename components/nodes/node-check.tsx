'use client';
import { useEffect } from 'react';
import { useCheckNode, useHostKey, useNode, usePinHostKey } from '#client/nodes.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card, Facts } from '#components/ui/card.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { Mark, type MarkKind } from '#components/ui/mark.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { SelfTest } from '#shared/nodes.ts';
import { HostKeyChip, ShownKey } from './host-key-state.tsx';

type Status = SelfTest['checks'][number]['status'];
const MARKS: Record<Status, MarkKind> = { pass: 'ok', warn: 'warn', fail: 'danger', skipped: 'skip' };
const WORDS: Record<Status, string> = { pass: 'works', warn: 'works, with a limit', fail: 'does not work', skipped: 'not tried' };

/** Asks the host once when it opens, shows the key to compare, then what works and what is missing with a command for each. */
export function NodeCheck({ id }: { id: string }) {
  const node = useNode(id);
  const check = useCheckNode(id);
  const key = useHostKey(id);
  const pin = usePinHostKey(id);
  const { mutate: ask } = check;
  useEffect(() => ask(), [ask]);
  const name = node.data?.node.name ?? 'the node';
  const pinned = key.data?.pinned ?? null;
  const offered = key.data?.offered ?? null;
  const approve = (fingerprint: string) => pin.mutate({ fingerprint }, { onSuccess: () => ask() });
  return (
    <div className="stack">
      <Card title="Host key" end={<HostKeyChip blocked={key.data?.blocked === true} approved={pinned !== null} />}>
        <div className="grid gap-3">
          <Facts
            rows={[
              ['The host shows', <ShownKey key="offered" fingerprint={offered ?? pinned} asking={check.isPending} />, 'offered'],
              ...(pinned
                ? [
                    [
                      'Approved',
                      <code key="pinned" className="break">
                        {pinned}
                      </code>,
                      'pinned',
                    ] as const,
                  ]
                : []),
            ]}
          />
          {pinned === null && offered !== null ? (
            <>
              <p>
                Compare it with what <code>ssh-keygen -lf</code> prints on the host’s own console. Only if they are equal is it {name} that
                you talk to.
              </p>
              <div className="form-foot">
                <Button look="primary" disabled={pin.isPending} onClick={() => approve(offered)}>
                  They are equal: approve
                </Button>
              </div>
            </>
          ) : null}
          {key.data?.blocked ? (
            <Callout tone="danger">
              The key changed after it was approved.{' '}
              <LinkButton small href={`/nodes/${encodeURIComponent(id)}`}>
                Decide on the node’s page
              </LinkButton>
            </Callout>
          ) : null}
          <ProblemNote error={pin.error} />
        </div>
      </Card>
      <Card
        flush
        title="Self-test"
        meta={check.data ? (check.data.ok ? 'all that is needed works' : 'something is missing') : null}
        end={
          <Button small onClick={() => ask()} disabled={check.isPending}>
            {check.isPending ? 'Asking…' : 'Test again'}
          </Button>
        }
        footer={
          check.data?.ok ? (
            <LinkButton small look="primary" href={`/nodes/${encodeURIComponent(id)}`}>
              Open {name}
            </LinkButton>
          ) : check.data ? (
            <LinkButton small href={`/nodes/${encodeURIComponent(id)}/edit`}>
              Edit {name}
            </LinkButton>
          ) : undefined
        }
      >
        {check.data ? (
          <Checks test={check.data} />
        ) : check.error ? (
          <div className="p-4">
            <Callout tone="danger" live>
              {asProblem(check.error).detail}
            </Callout>
          </div>
        ) : (
          <div className="grid gap-4 p-4">
            <Skeleton width="60%" />
            <Skeleton width="50%" />
            <Skeleton width="66%" />
          </div>
        )}
      </Card>
    </div>
  );
}

/** What works and what does not, each with the one command that mends it. */
export function Checks({ test }: { test: SelfTest }) {
  return (
    <ul className="checks" aria-label="What works">
      {test.checks.map(({ key, title, status, detail, fix }) => (
        <li key={key}>
          <Mark kind={MARKS[status]} label={WORDS[status]} />
          <span className={status === 'skipped' ? 't3' : 't1 med'}>{title}</span>
          <span className="d">{detail}</span>
          {fix ? <Command text={fix} /> : null}
        </li>
      ))}
    </ul>
  );
}
