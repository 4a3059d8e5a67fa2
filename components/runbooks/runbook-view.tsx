'use client';
import { Check, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRunbook } from '#client/runbooks.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { Runbook, RunbookStep } from '#shared/runbooks.ts';
import { StartForm } from './start-form.tsx';

/** The procedure as a document, and the way to start it. */
export function RunbookView({ id, selector, onStarted }: { id: string; selector: string; onStarted: (runId: string) => void }) {
  const runbook = useRunbook(id);
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
        <Document runbook={runbook.data} />
        <StartForm runbook={runbook.data} selector={selector} onStarted={onStarted} />
      </div>
    </>
  );
}

function Document({ runbook }: { runbook: Runbook }) {
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
            <StepProse key={step.key} step={step} />
          ))}
        </section>
      ))}
    </Card>
  );
}

function StepProse({ step }: { step: RunbookStep }) {
  return (
    <div className="book-step">
      <h4>{step.title}</h4>
      {paragraphs(step.prose).map((text) => (
        <p key={text}>{text}</p>
      ))}
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
