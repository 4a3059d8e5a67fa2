'use client';
import clsx from 'clsx';
import { useFleet } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { plural } from '#shared/units/count.ts';
import { AddStep } from './add-step.tsx';
import { CheckStep } from './check-step.tsx';
import { ConfigStep } from './config-step.tsx';
import { DoneStep } from './done-step.tsx';
import { KeysStep } from './keys-step.tsx';
import { chosenNodes, MOST_AT_ONCE, STEP_KEYS, STEPS, type StepKey } from './steps.ts';
import './welcome.css';

/** From no node to nodes that are up: step and nodes stand in the URL, each step can be left and taken up again. */
export function WelcomeView() {
  const [step, setStep] = useUrlChoice<StepKey>('step', STEP_KEYS, 'add');
  const [ids, setIds] = useUrlState('nodes');
  const session = useSession();
  const fleet = useFleet();
  if (session.data && !may(session.data, 'node.write'))
    return (
      <Callout tone="unknown">
        Setting up nodes needs the admin role; you are {session.data.actor.role}. The console dials only what an admin registered.
      </Callout>
    );
  const all = fleet.data ? chosenNodes(fleet.data.nodes, ids) : [];
  const nodes = all.slice(0, MOST_AT_ONCE);
  const at = STEP_KEYS.indexOf(step);
  const go = (to: number) => {
    setStep(STEP_KEYS[to] ?? 'done');
    document.getElementById('main')?.focus();
    window.scrollTo({ top: 0 });
  };
  const next = () => go(at + 1);
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>Set up nodes</h1>
          <p className="sub">Five steps, each can be left and taken up again. No host is changed before a run that you start.</p>
        </div>
        <div className="actions">
          <LinkButton look="ghost" href="/">
            Skip for now
          </LinkButton>
        </div>
      </div>
      <ol className="wiz" aria-label="Steps">
        {STEPS.map(({ key, title }, index) => (
          <li key={key}>
            <button
              type="button"
              className={clsx(index < at && 'past')}
              aria-current={key === step ? 'step' : undefined}
              onClick={() => go(index)}
            >
              <span className="n" aria-hidden="true">
                {index + 1}
              </span>
              <span className="w">{title}</span>
            </button>
          </li>
        ))}
      </ol>
      {all.length > nodes.length && step !== 'add' ? (
        <Callout>
          {MOST_AT_ONCE} of {plural(all.length, 'node')} are shown; come back for the others when these are in.
        </Callout>
      ) : null}
      {step === 'add' ? (
        <AddStep
          waiting={ids === null ? all.length : 0}
          onAdded={(added) => {
            setIds(added.join(','));
            next();
          }}
          onGoOn={next}
        />
      ) : fleet.data === undefined ? (
        fleet.error ? (
          <ErrorState error={fleet.error} onRetry={() => void fleet.refetch()} />
        ) : (
          <Loading what="your nodes">
            <Skeleton height={120} />
          </Loading>
        )
      ) : nodes.length === 0 && step !== 'done' ? (
        <EmptyState
          title="No node is waiting here"
          lead={ids === null ? 'Every registered node is in already.' : 'The nodes of this link are not registered any more.'}
        >
          <div className="row">
            <Button look="primary" onClick={() => go(0)}>
              Add nodes
            </Button>
            <LinkButton href="/">See the fleet</LinkButton>
          </div>
        </EmptyState>
      ) : step === 'keys' ? (
        <KeysStep nodes={nodes} onNext={next} />
      ) : step === 'check' ? (
        <CheckStep nodes={nodes} onNext={next} />
      ) : step === 'config' ? (
        <ConfigStep nodes={nodes} onNext={next} />
      ) : (
        <DoneStep nodes={nodes} />
      )}
    </>
  );
}
