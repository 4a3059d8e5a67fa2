'use client';
import { Check, ChevronDown, ChevronRight, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Command } from '#components/ui/code-block.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { useNow } from '#components/ui/now.tsx';
import type { Runbook, RunbookStep } from '#shared/runbooks.ts';
import { hasEnded, type Run, type RunTarget, type Step } from '#shared/runs.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { EvidenceRow, limitOf } from './evidence-row.tsx';
import { SkipButton } from './skip-button.tsx';
import { StepActs } from './step-acts.tsx';
import { stepLook, stepSeconds } from './words.ts';

/** Observe, act, verify: one row a step; the running one and those that failed are open, the rest open on demand. */
export function StepList({ run, target, runbook }: { run: Run; target: RunTarget; runbook: Runbook | undefined }) {
  const session = useSession();
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const isOpen = (step: Step) => chosen.get(step.key) ?? (step.status === 'running' || step.status === 'failed');
  const all = target.steps.every(isOpen);
  return (
    <section className="card run-steps" aria-label={`Steps on ${target.name}`}>
      <header className="card-h">
        <h2>Steps</h2>
        <span className="meta">observe, act, verify</span>
        <span className="end">
          {target.status === 'pending' && !hasEnded(run.status) && run.targets.length > 1 && may(session.data, 'run.control') ? (
            <SkipButton runId={run.id} target={target} />
          ) : null}
          <Button look="ghost" small onClick={() => setChosen(new Map(target.steps.map((step) => [step.key, !all])))}>
            {all ? 'Collapse all' : 'Expand all'}
          </Button>
        </span>
      </header>
      <ol>
        {target.steps.map((step, index) => (
          <StepRow
            key={step.key}
            run={run}
            target={target}
            step={step}
            number={index + 1}
            guide={runbook?.steps.find((guide) => guide.key === step.key)}
            open={isOpen(step)}
            onToggle={() => setChosen(new Map(chosen).set(step.key, !isOpen(step)))}
          />
        ))}
      </ol>
      <p className="vh" role="status">
        {announcement(target)}
      </p>
    </section>
  );
}

/** Said to screen readers when a step ends; ticking numbers never are. */
function announcement(target: RunTarget): string {
  const last = target.steps.filter((step) => step.finishedAt !== null).at(-1);
  return last ? `${last.title}: ${stepLook(last).word}. ${last.summary}` : '';
}

function StepRow({
  run,
  target,
  step,
  number,
  guide,
  open,
  onToggle,
}: {
  run: Run;
  target: RunTarget;
  step: Step;
  number: number;
  guide: RunbookStep | undefined;
  open: boolean;
  onToggle: () => void;
}) {
  const look = stepLook(step);
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <li className="step" data-step={step.key} data-status={step.status}>
      <button type="button" className="step-h" aria-expanded={open} onClick={onToggle}>
        <Mark kind={look.mark} label={look.word} />
        <span className="n">{number}</span>
        <span className="ti">{step.title}</span>
        <span className={step.status === 'failed' ? 'su fg-danger' : look.tone === 'unknown' ? 'su fg-unknown' : 'su'}>{step.summary}</span>
        <When step={step} />
        <Chevron className="i s" aria-hidden="true" />
      </button>
      {open ? <StepBody run={run} target={target} step={step} guide={guide} /> : null}
    </li>
  );
}

function When({ step }: { step: Step }) {
  const seconds = stepSeconds(step, useNow());
  if (step.startedAt === null || seconds === null) return <span className="du">{stepLook(step).word}</span>;
  return (
    <span className="du" suppressHydrationWarning>
      {formatClock(Date.parse(step.startedAt))}, {seconds < 1 ? 'under 1 s' : formatDuration(seconds)}
    </span>
  );
}

function StepBody({ run, target, step, guide }: { run: Run; target: RunTarget; step: Step; guide: RunbookStep | undefined }) {
  return (
    <div className="step-b">
      {guide?.documented || guide?.better ? <Versus step={step} guide={guide} /> : null}
      {guide && (guide.proves.length > 0 || guide.doesNotProve.length > 0) ? <Proves guide={guide} /> : null}
      {step.output !== '' ? <Output step={step} /> : null}
      {step.gate?.answer ? (
        <p>
          Answered <b>{step.gate.answer}</b> by {step.gate.by ?? 'the default'}
          {step.gate.at ? ` at ${formatClock(Date.parse(step.gate.at))} UTC` : ''}.
        </p>
      ) : null}
      {step.evidence.length > 0 ? (
        <div className="receipts">
          {step.evidence.map((evidence) => (
            <EvidenceRow key={evidence.id} evidence={evidence} />
          ))}
        </div>
      ) : step.status === 'pending' ? (
        <p className="t3">Not reached yet.</p>
      ) : null}
      <StepActs run={run} target={target} step={step} />
    </div>
  );
}

/** A figure is shown large; what is longer is a sentence and stands in its receipt. */
const LONGEST_FIGURE = 32;

function Versus({ step, guide }: { step: Step; guide: RunbookStep }) {
  const ran = step.evidence.filter(({ command }) => command !== null);
  const shown = ran.find(({ verdict }) => verdict === 'fail') ?? ran[0];
  const limit = shown && limitOf(shown);
  return (
    <div className="vs">
      <div>
        <h3>As documented</h3>
        {guide.documented ? <Command text={guide.documented} /> : <p>The document has no such step.</p>}
      </div>
      <div className="ours">
        <h3>What the console does</h3>
        {guide.better ? <p>{guide.better}</p> : null}
        {shown?.value && shown.value.length <= LONGEST_FIGURE ? (
          <p className="out">
            <b>{shown.value}</b>
            {limit ? <span className="t3">{limit}</span> : null}
          </p>
        ) : null}
      </div>
    </div>
  );
}

function Proves({ guide }: { guide: RunbookStep }) {
  return (
    <div className="proves">
      <div>
        <h3>This proves</h3>
        <ul>
          {guide.proves.map((line) => (
            <li key={line}>
              <Check className="i s fg-ok" aria-hidden="true" />
              {line}
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h3>It does not prove</h3>
        <ul>
          {guide.doesNotProve.map((line) => (
            <li key={line}>
              <X className="i s fg-danger" aria-hidden="true" />
              {line}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Output of the node, always text; follows its end unless the reader scrolled up. */
function Output({ step }: { step: Step }) {
  const ref = useRef<HTMLElement>(null);
  const pinned = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new output is what scrolls
  useEffect(() => {
    if (pinned.current && ref.current) ref.current.scrollTop = ref.current.scrollHeight;
  }, [step.output]);
  return (
    <div className="tail">
      <div className="tail-h">
        {step.status === 'running' ? <Mark kind="run" /> : null}
        <span>{step.status === 'running' ? 'live output' : 'output'}</span>
      </div>
      <section
        ref={ref}
        className="term"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take focus
        tabIndex={0}
        aria-label={`Output of ${step.title}`}
        onScroll={({ currentTarget: box }) => {
          pinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
        }}
      >
        {step.output}
      </section>
    </div>
  );
}
