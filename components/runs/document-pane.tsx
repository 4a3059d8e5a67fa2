'use client';
import { BookOpen } from 'lucide-react';
import { Command } from '#components/ui/code-block.tsx';
import { Mark } from '#components/ui/mark.tsx';
import type { Runbook, RunbookStep } from '#shared/runbooks.ts';
import type { Run, RunTarget, Step } from '#shared/runs.ts';
import { stepLook } from './words.ts';

type Line = { guide: RunbookStep; step: Step | undefined };

/** The document as an operator knows it: its headings and commands, with what the machine saw beside each. */
export function DocumentPane({ run, target, runbook }: { run: Run; target: RunTarget; runbook: Runbook | undefined }) {
  if (!runbook) return <aside className="card doc" aria-label="The document" />;
  const sections = Map.groupBy(
    runbook.steps.map((guide): Line => ({ guide, step: target.steps.find((step) => step.key === guide.key) })),
    (line) => line.guide.section,
  );
  return (
    <aside className="card doc" aria-label="The document">
      <header className="card-h">
        <BookOpen className="i s t3" aria-hidden="true" />
        <h2>The document</h2>
        <span className="meta end mono">{runbook.version}</span>
      </header>
      <div className="doc-b">
        {runbook.version === run.runbook.version ? null : (
          <p className="t3">This run used version {run.runbook.version}; below is the newest.</p>
        )}
        {[...sections].map(([section, lines], index) => (
          <Section key={section} title={section} number={index + 1} lines={lines} />
        ))}
      </div>
    </aside>
  );
}

function Section({ title, number, lines }: { title: string; number: number; lines: Line[] }) {
  const on = lines.some(({ step }) => step?.status === 'running' || step?.status === 'waiting');
  const worst = lines.flatMap(({ step }) => (step ? [step] : [])).toSorted((a, b) => weight(b) - weight(a))[0];
  const look = worst ? stepLook(worst) : null;
  return (
    <section className={on ? 'on' : undefined} aria-current={on ? 'step' : undefined}>
      <h3>
        {look ? <Mark kind={look.mark} label={look.word} /> : null}
        <span className="n">{number}</span>
        {title}
      </h3>
      {lines.map(({ guide, step }) => (
        <div key={guide.key}>
          {guide.documented ? (
            <>
              <p>{guide.title}</p>
              <Command text={guide.documented} />
            </>
          ) : null}
          {step && step.status !== 'pending' && step.summary !== '' ? (
            <div className="seen">
              <Mark kind={stepLook(step).mark} />
              <span>{step.summary}</span>
            </div>
          ) : null}
        </div>
      ))}
    </section>
  );
}

const WEIGHTS: Record<Step['status'], number> = {
  failed: 6,
  inconclusive: 5,
  running: 4,
  waiting: 4,
  pending: 3,
  succeeded: 2,
  skipped: 1,
};
const weight = (step: Step): number => (step.verdict === 'inconclusive' && step.status === 'succeeded' ? 2.5 : WEIGHTS[step.status]);
