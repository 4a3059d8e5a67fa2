'use client';
import { Play } from 'lucide-react';
import { useId, useState } from 'react';
import { isProblemError } from '#client/http.ts';
import { useFleet } from '#client/nodes.ts';
import { type InSpite, intentOf, useStartRun, wasClosed } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { NotStarted } from '#components/ui/not-started.tsx';
import type { Runbook } from '#shared/runbooks.ts';
import type { RunInput } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';

const seconds = (text: string): number | undefined => (/^\d+$/.test(text.trim()) ? Number(text) : undefined);

/** Targets, how careful, start. Fleet acts are typed: more than one node needs its count. */
export function StartForm({
  runbook,
  params,
  selector,
  onSelector: setSelector,
  matching,
  onStarted,
}: {
  runbook: Runbook;
  params: Readonly<Record<string, string | number | boolean>>;
  selector: string;
  onSelector: (selector: string) => void;
  /** nodes that the selector means now */
  matching: number;
  onStarted: (runId: string) => void;
}) {
  const [gates, setGates] = useState<'manual' | 'auto'>('manual');
  const [confirmSeconds, setConfirmSeconds] = useState('120');
  const [watchSeconds, setWatchSeconds] = useState(String(params.watchSeconds ?? 60));
  const [intent] = useState(() => crypto.randomUUID());
  const [typed, setTyped] = useState('');
  const given = Object.entries(params).filter(([name]) => name !== 'watchSeconds');
  const listId = useId();
  const start = useStartRun();
  const session = useSession();
  const fleet = useFleet();
  const names = fleet.data?.nodes.map((node) => node.name) ?? [];
  const watches = runbook.steps.some((step) => step.kind === 'watch');
  const confirm = seconds(confirmSeconds);
  const watch = seconds(watchSeconds);
  const invalid = {
    confirm: confirm === undefined || confirm < 15 || confirm > 3600 ? 'Write whole seconds, 15 to 3,600' : undefined,
    watch: watches && (watch === undefined || watch < 30 || watch > 86_400) ? 'Write whole seconds, 30 to 86,400' : undefined,
  };
  const ready = selector.trim() !== '' && !invalid.confirm && !invalid.watch && !start.isPending;
  const many = runbook.mutates && matching > 1;
  const counted = !many || typed.trim() === String(matching);
  const go = (dryRun: boolean, { onClosed, override }: InSpite = {}) => {
    if (!ready || (!dryRun && !counted)) return;
    const input: RunInput = {
      runbook: runbook.key,
      selector,
      strategy: { gates, ...(confirm === undefined ? {} : { confirmSeconds: confirm }), ...(onClosed && { onClosed }) },
      ...(override && { override }),
      ...(watches || given.length > 0 ? { params: { ...params, ...(watches && watch !== undefined ? { watchSeconds: watch } : {}) } } : {}),
      ...(dryRun ? { dryRun: true } : {}),
    };
    start.mutate({ input, intent: intentOf(intent, input) }, { onSuccess: (run) => onStarted(run.id) });
  };
  const wrongSelector = isProblemError(start.error) && start.error.code.startsWith('selector.') ? start.error.detail : undefined;
  return (
    <Card title="Start" className="book-start">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          go(false);
        }}
      >
        <TextField
          label="On which nodes"
          list={listId}
          value={selector}
          placeholder="name=edge-fra-01"
          error={wrongSelector}
          help={matching > 0 ? `${plural(matching, 'node')} now` : 'A selector: name=edge-fra-01, group=edge zone=fra, leak=leaking'}
          onChange={(event) => setSelector(event.target.value)}
        />
        <datalist id={listId}>
          {names.map((name) => (
            <option key={name} value={`name=${name}`} />
          ))}
        </datalist>
        {watches ? (
          <TextField
            label="Watch for at least"
            unit="s"
            inputMode="numeric"
            value={watchSeconds}
            error={invalid.watch}
            help="and at least 200 connections, on a process 60 s old: about a minute more"
            onChange={(event) => setWatchSeconds(event.target.value)}
          />
        ) : null}
        <TextField
          label="A changed node waits for the console"
          unit="s"
          inputMode="numeric"
          value={confirmSeconds}
          error={invalid.confirm}
          help="then restores config.yaml and restarts by itself"
          onChange={(event) => setConfirmSeconds(event.target.value)}
        />
        <SelectField
          label="Gates"
          value={gates}
          onChange={(event) => setGates(event.target.value === 'auto' ? 'auto' : 'manual')}
          help="where the run waits for a person"
        >
          <option value="manual">ask me</option>
          <option value="auto">answer with the default</option>
        </SelectField>
        {given.length > 0 ? (
          <p className="help">
            With <span className="mono">{given.map(([name, value]) => `${name} ${value}`).join(', ')}</span>
          </p>
        ) : null}
        {many ? (
          <TextField
            label={`Type ${matching} to start on ${plural(matching, 'node')}`}
            inputMode="numeric"
            value={typed}
            help="a dry run needs no count"
            onChange={(event) => setTyped(event.target.value)}
          />
        ) : null}
        <NotStarted
          error={wrongSelector ? null : start.error}
          closed={wasClosed(start.error)}
          mayOverride={may(session.data, 'run.approve')}
          busy={start.isPending}
          onWait={() => go(false, { onClosed: 'wait' })}
          onOverride={(reason) => go(false, { override: { reason } })}
        />
        <div className="row wrap">
          <Button look="primary" type="submit" disabled={!ready || !counted}>
            <Play className="i s" aria-hidden="true" />
            {start.isPending ? 'Starting' : 'Start'}
          </Button>
          {runbook.mutates ? (
            <Button disabled={!ready} onClick={() => go(true)}>
              Dry run
            </Button>
          ) : null}
        </div>
        <p className="help">
          {runbook.mutates
            ? 'Nothing is changed on a node without a backup kept and a way back armed first.'
            : `Reads only: ${plural(runbook.steps.length, 'step')}.`}
        </p>
      </form>
    </Card>
  );
}
