'use client';
import { Check, X } from 'lucide-react';
import Link from 'next/link';
import { type ReactNode, useMemo, useState } from 'react';
import { useFleet } from '#client/nodes.ts';
import { useRunbook } from '#client/runbooks.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { useNow } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import type { Runbook, RunbookStep } from '#shared/runbooks.ts';
import { liveValue, meant } from './live-values.ts';
import { StartForm } from './start-form.tsx';

/** The procedure as a document, and the way to start it. */
export function RunbookView({
  id,
  selector: first,
  params,
  onStarted,
}: {
  id: string;
  selector: string;
  /** filled in by whoever led here */
  params?: Readonly<Record<string, string | number | boolean>>;
  onStarted: (runId: string) => void;
}) {
  const runbook = useRunbook(id);
  const [selector, setSelector] = useState(first);
  const fleet = useFleet();
  const nodes = useMemo(() => meant(fleet.data?.nodes ?? [], selector), [fleet.data, selector]);
  if (runbook.isPending)
    return (
      <Loading what="the runbook">
        <div className="card p-4">
          <Skeleton height={320} />
        </div>
      </Loading>
    );
  if (!runbook.data) return <ErrorState error={runbook.error} onRetry={() => runbook.refetch()} />;
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>{runbook.data.title}</h1>
          <p className="sub">{runbook.data.summary}</p>
        </div>
        <div className="actions">
          <LinkButton href={`/runbooks/edit?from=${encodeURIComponent(id)}`}>
            {runbook.data.builtin ? 'Copy and change…' : 'Change…'}
          </LinkButton>
        </div>
      </div>
      <div className="book-lay">
        <Document runbook={runbook.data} nodes={nodes} />
        <StartForm
          runbook={runbook.data}
          params={params ?? {}}
          selector={selector}
          onSelector={setSelector}
          matching={nodes.length}
          onStarted={onStarted}
        />
      </div>
    </>
  );
}

function Document({ runbook, nodes }: { runbook: Runbook; nodes: readonly FleetNode[] }) {
  const sections = Map.groupBy(runbook.steps, (step) => step.section);
  return (
    <Card title="The document" meta={`version ${runbook.version}`} className="book">
      {[...sections].map(([section, steps], index) => (
        <section key={section}>
          <h3>
            <span className="n">{index + 1}</span>
            {section}
          </h3>
          {steps.map((step) => (
            <StepProse key={step.key} step={step} nodes={nodes} />
          ))}
        </section>
      ))}
    </Card>
  );
}

function StepProse({ step, nodes }: { step: RunbookStep; nodes: readonly FleetNode[] }) {
  const live = liveValue(step.kind, nodes, useNow());
  return (
    <div className="book-step">
      <h4>{step.title}</h4>
      {paragraphs(step.prose).map((text) => (
        <p key={text}>{text}</p>
      ))}
      {live ? (
        <p className="book-now">
          <span className="t3">{nodes.length === 1 ? `${nodes[0]?.name} now` : 'Now'}</span> <b suppressHydrationWarning>{live}</b>
          {step.kind === 'verify-logs' ? null : <NodeLink kind={step.kind} nodes={nodes} />}
        </p>
      ) : step.kind === 'verify-logs' && nodes.length === 1 ? (
        <p className="book-now">
          <Link href={`/nodes/${encodeURIComponent(nodes[0]?.id ?? '')}?tab=logs`}>The journal of {nodes[0]?.name}, live</Link>
        </p>
      ) : null}
      {step.documented ? <Command text={step.documented} /> : null}
      {step.better ? (
        <p>
          <b>The console instead:</b> {step.better}
        </p>
      ) : null}
      <div className="book-proves">
        <Points title="Proves" lines={step.proves} icon={<Check className="i s fg-ok" aria-hidden="true" />} />
        <Points title="Does not prove" lines={step.doesNotProve} icon={<X className="i s fg-danger" aria-hidden="true" />} />
      </div>
    </div>
  );
}

/** Where the figure comes from. */
function NodeLink({ kind, nodes: [node, ...more] }: { kind: RunbookStep['kind']; nodes: readonly FleetNode[] }) {
  if (!node || more.length > 0) return null;
  const tab = kind === 'edit-config' ? '?tab=config' : '';
  return (
    <>
      {' '}
      <Link href={`/nodes/${encodeURIComponent(node.id)}${tab}`}>{tab ? 'the file' : 'its page'}</Link>
    </>
  );
}

function Points({ title, lines, icon }: { title: string; lines: readonly string[]; icon: ReactNode }) {
  if (lines.length === 0) return null;
  return (
    <div>
      <h5>{title}</h5>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            {icon}
            {line}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Prose is shown as text: inline code loses its backticks, nothing is ever rendered as HTML. */
const paragraphs = (prose: string): string[] =>
  prose
    .split(/\n{2,}/)
    .map((text) => text.replace(/[`*]/g, '').replace(/\s+/g, ' ').trim())
    .filter((text) => text !== '');
