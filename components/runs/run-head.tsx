'use client';
import { Download, OctagonPause, Pause, Play, RotateCcw } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { evidenceUrl, type RunAction, useRunAction } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { Ago, useNow } from '#components/ui/now.tsx';
import { runName } from '#shared/run-name.ts';
import { hasEnded, type Run } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { RollBack } from './roll-back.tsx';
import { RunAgain } from './run-again.tsx';
import { StartForReal } from './start-for-real.tsx';
import { runLook } from './words.ts';

export function RunHead({ run }: { run: Run }) {
  const action = useRunAction(run.id);
  const session = useSession();
  const mayControl = may(session.data, 'run.control');
  const [aborting, setAborting] = useState(false);
  const look = runLook(run, useNow());
  const only = run.targets.length === 1 ? run.targets[0] : undefined;
  const ended = hasEnded(run.status);
  const act = (what: RunAction) => action.mutate(what, { onSuccess: () => setAborting(false) });
  const problem = action.isError ? asProblem(action.error) : null;
  const armed = run.targets.filter((target) => target.revertAt !== null).length;
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <div className="row wrap">
            <h1>{run.runbook.title}</h1>
            <Chip tone={look.tone} mark={look.mark}>
              {look.word}
            </Chip>
            {ended || run.status === 'awaiting-approval' ? null : <Progress run={run} />}
            {run.dryRun ? <Chip>Dry run: nothing is changed</Chip> : null}
          </div>
          <p className="sub">
            {runName(run.id)} on {only ? <Link href={`/nodes/${only.nodeId}`}>{only.name}</Link> : plural(run.targets.length, 'node')},
            runbook {run.runbook.key} <span className="mono">{run.runbook.version}</span>, started by {run.startedBy}{' '}
            <Ago at={run.createdAt} />
          </p>
        </div>
        <div className="actions">
          <a className="btn ghost" href={evidenceUrl(run.id)} download>
            <Download className="i s" aria-hidden="true" />
            Evidence
          </a>
          {session.data && !mayControl && !ended ? (
            <span className="sm t3 self-center">Pausing and aborting need the operator role</span>
          ) : null}
          {!mayControl ? null : run.status === 'paused' ? (
            <Button onClick={() => act('resume')} disabled={action.isPending}>
              <Play className="i s" aria-hidden="true" />
              Resume
            </Button>
          ) : ended || run.status === 'awaiting-approval' ? null : (
            <Button onClick={() => act('pause')} disabled={action.isPending}>
              <Pause className="i s" aria-hidden="true" />
              Pause
            </Button>
          )}
          {mayControl && ended && run.status !== 'succeeded' ? (
            <RunAgain run={run} busy={action.isPending} onAgain={() => act('retry')} />
          ) : null}
          {mayControl ? <RollBack run={run} /> : null}
          {may(session.data, 'run.start') ? <StartForReal run={run} /> : null}
          {ended || !mayControl ? null : (
            <Button look="danger" onClick={() => setAborting(true)}>
              <OctagonPause className="i s" aria-hidden="true" />
              Abort…
            </Button>
          )}
        </div>
      </div>
      {problem && !aborting ? (
        <div className="mb-4">
          <Callout tone="danger" live>
            <b>{problem.title}.</b> {problem.detail}
          </Callout>
        </div>
      ) : null}
      <DangerDialog
        open={aborting}
        title={`Abort ${runName(run.id)}?`}
        lead="No further step is started."
        effects={[
          {
            key: 'restore',
            icon: <RotateCcw className="i" aria-hidden="true" />,
            text:
              armed > 0
                ? `${plural(armed, 'node')} with an unconfirmed change: config.yaml is put back from the backup and the service restarted once, which cuts its tunnels.`
                : 'No node has an unconfirmed change: nothing is touched.',
          },
        ]}
        keep="Keep running"
        act={`Abort ${run.targets.length === 1 ? 'the run' : `on ${plural(run.targets.length, 'node')}`}`}
        busy={action.isPending}
        problem={
          problem ? (
            <Callout tone="danger" live>
              {problem.detail}
            </Callout>
          ) : null
        }
        onAct={() => act('abort')}
        onClose={() => setAborting(false)}
      />
    </>
  );
}

function Progress({ run }: { run: Run }) {
  const only = run.targets.length === 1 ? run.targets[0] : undefined;
  if (!only) {
    const done = run.targets.filter((target) => !['pending', 'running', 'waiting', 'paused'].includes(target.status)).length;
    const asking = run.targets.filter(({ status }) => status === 'waiting').length;
    return (
      <Chip tone="accent" mark={asking > 0 ? 'wait' : 'run'}>
        {done} of {plural(run.targets.length, 'node')} done
        {asking > 0 ? `, ${asking} ${asking === 1 ? 'waits' : 'wait'} for your answer` : ''}
      </Chip>
    );
  }
  const at = only.steps.findIndex((step) => ['running', 'waiting', 'pending'].includes(step.status));
  return (
    <Chip tone="accent" mark={run.status === 'running' ? 'run' : 'wait'}>
      Step {at < 0 ? only.steps.length : at + 1} of {only.steps.length}
    </Chip>
  );
}
