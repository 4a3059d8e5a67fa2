'use client';
import { useState } from 'react';
import { useRunbook, useRunbookVersions, useSaveRunbook } from '#client/runbooks.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { DiffView } from '#components/ui/diff-view.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { AreaField } from '#components/ui/field.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { diffLines } from '#shared/diff-lines.ts';
import type { Runbook } from '#shared/runbooks.ts';
import { plural } from '#shared/units/count.ts';
import { formatInstant } from '#shared/units/time.ts';
import { asOwn, checkRunbook, FIRST_RUNBOOK, type RunbookCheck } from './runbook-check.ts';

/** Nothing typed yet, or the text of a runbook that is there. */
export function RunbookEditor({ from, onSaved }: { from: string | null; onSaved: (key: string) => void }) {
  if (from === null) return <Editor base={null} onSaved={onSaved} />;
  return <EditorOf from={from} onSaved={onSaved} />;
}

function EditorOf({ from, onSaved }: { from: string; onSaved: (key: string) => void }) {
  const runbook = useRunbook(from);
  if (runbook.isPending) return <Skeleton height={320} />;
  if (!runbook.data) return <ErrorState error={runbook.error} onRetry={() => void runbook.refetch()} />;
  return <Editor base={runbook.data} onSaved={onSaved} />;
}

function Editor({ base, onSaved }: { base: Runbook | null; onSaved: (key: string) => void }) {
  const session = useSession();
  const save = useSaveRunbook();
  const [text, setText] = useState(base === null ? FIRST_RUNBOOK : base.builtin ? asOwn(base.text, base.key) : base.text);
  const checked = checkRunbook(text);
  const allowed = may(session.data, 'runbook.write');
  const problem = save.isError ? asProblem(save.error) : null;
  return (
    <div className="stack">
      {base?.builtin ? (
        <Callout>
          <b>{base.key} comes with the console and stays as it is.</b> This is a copy under a key of your own.
        </Callout>
      ) : null}
      <Card
        title="Text"
        end={
          <Button
            look="primary"
            small
            disabled={!checked.ok || !allowed || save.isPending}
            onClick={() => save.mutate(text, { onSuccess: ({ key }) => onSaved(key) })}
          >
            Save this version
          </Button>
        }
      >
        <AreaField
          label="Markdown"
          help="Front matter between two lines ---, then headings; a fenced step block under a heading makes it a step"
          rows={24}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {allowed ? null : <p className="t3">Runbooks are saved by approvers and admins; you can check a text here and hand it to one.</p>}
        {problem ? (
          <Callout tone="danger" live>
            <b>{problem.title}.</b> {problem.detail}
          </Callout>
        ) : null}
      </Card>
      <CheckCard checked={checked} />
      {base === null || base.builtin ? null : <VersionsCard runbookKey={base.key} text={text} />}
    </div>
  );
}

function CheckCard({ checked }: { checked: RunbookCheck }) {
  return (
    <Card title={checked.ok ? 'It can be run' : 'It cannot be run yet'} meta={checked.ok ? plural(checked.steps.length, 'step') : null}>
      <ul className="stack" aria-live="polite">
        {checked.ok
          ? checked.steps.map((step) => (
              <li key={step.key} className="row">
                <Mark kind="ok" />
                {step.title} <span className="mono t3">{step.kind}</span>
              </li>
            ))
          : checked.problems.map(({ where, message }) => (
              <li key={`${where} ${message}`} className="row">
                <Mark kind="danger" />
                <b>{where}</b> {message}
              </li>
            ))}
      </ul>
    </Card>
  );
}

/** Each saved version, and what the text above changes in the one that is chosen. */
function VersionsCard({ runbookKey, text }: { runbookKey: string; text: string }) {
  const { data } = useRunbookVersions(runbookKey);
  const [chosen, setChosen] = useState(0);
  const versions = (data?.versions ?? []).flatMap((v) => (v.text === null ? [] : [{ ...v, text: v.text }]));
  const version = versions[chosen];
  if (version === undefined) return null;
  return (
    <Card title="Versions" meta="the newest first; choose one to see what the text above changes in it">
      <div className="row wrap mb-4">
        {versions.map((v, i) => (
          <Button key={`${v.version} ${v.savedAt}`} small aria-pressed={i === chosen} onClick={() => setChosen(i)}>
            <span className="mono">{v.version}</span> {v.savedBy}, {formatInstant(Date.parse(v.savedAt))}
          </Button>
        ))}
      </div>
      {version.text === text ? (
        <p className="t3">The text above is this version.</p>
      ) : (
        <DiffView label={`From version ${version.version} to the text above`} rows={diffLines(version.text, text, 3)} />
      )}
    </Card>
  );
}
