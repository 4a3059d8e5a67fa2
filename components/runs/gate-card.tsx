'use client';
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { useAnswerGate } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import type { GateState, Run, RunTarget, Step } from '#shared/runs.ts';
import { Clock } from './revert-clock.tsx';
import { contextOf } from './words.ts';

type Option = GateState['options'][number];

/** What the answers that every gate of a change has will do to the node. */
const COSTS: Record<string, string | undefined> = {
  keep: 'The change stays on the node; nothing restarts.',
  revert: 'Puts config.yaml back and restarts once: that cuts the tunnels of the node.',
};

/** What the verdict says about the question; the person decides. */
function adviceOf(target: RunTarget): string | null {
  const { name, verdict } = target;
  const { judged, wasLeaking } = contextOf(target);
  if (!judged) return null;
  if (!wasLeaking) return `${name} did not leak before the change and does not now: nothing that was measured speaks against keeping it.`;
  if (verdict === 'pass') return `The leak has ended on ${name} with this change: what was measured speaks for keeping it.`;
  if (verdict === 'fail')
    return `The cause is not what was changed, and ${name} leaks either way: the X-ray below shows what grows, and by whom. Reverting brings the old setting back for one more restart; kept, the new setting stays and nothing restarts now.`;
  if (verdict === 'inconclusive')
    return `What was measured does not tell. Kept, ${name} stays watched, and the judgement is told on its page once there is enough; reverted, the next answer is about the old setting.`;
  return null;
}

/** The run waits for a person: the armed timer, the question, one button per answer. The default is named. */
export function GateCard({ run, target, step }: { run: Run; target: RunTarget; step: Step }) {
  const answer = useAnswerGate(run.id);
  const session = useSession();
  const mayAnswer = may(session.data, 'run.control');
  const [confirming, setConfirming] = useState<Option | null>(null);
  if (step.gate === null) return null;
  const { question, options, default: usual } = step.gate;
  const give = (option: Option) =>
    answer.mutate({ gate: step.key, answer: option.value, nodeId: target.nodeId }, { onSuccess: () => setConfirming(null) });
  const told = options.some(({ value }) => value === 'revert') ? adviceOf(target) : null;
  const problem = answer.isError ? asProblem(answer.error) : null;
  return (
    <section className={target.revertAt ? 'gate' : 'gate alone'} aria-label="Your decision">
      {target.revertAt ? (
        <Clock revertAt={target.revertAt} survivesReboot={target.revertSurvivesReboot} confirmSeconds={run.strategy.confirmSeconds} />
      ) : null}
      <div className="ask">
        <h2>{question}</h2>
        {told ? <p className="help">{told}</p> : null}
        <div className="ways">
          {options.map((option) => (
            <div className="run-way" key={option.value}>
              <p>
                <b className="t1">{option.label}</b>
                {option.value === usual ? ' (default)' : ''}
                {COSTS[option.value] ? `. ${COSTS[option.value]}` : ''}
              </p>
              <Button
                small
                look={option.danger ? 'danger' : option.value === usual ? 'primary' : 'plain'}
                disabled={answer.isPending || !mayAnswer}
                onClick={() => (option.danger ? setConfirming(option) : give(option))}
              >
                {option.danger ? <Undo2 className="i s" aria-hidden="true" /> : null}
                {option.danger ? `${option.label}…` : option.label}
              </Button>
            </div>
          ))}
        </div>
        {mayAnswer || !session.data ? null : <p className="help">Answering needs the operator role.</p>}
        {problem && !confirming ? (
          <Callout tone="danger" live>
            <b>{problem.title}.</b> {problem.detail}
          </Callout>
        ) : null}
      </div>
      <DangerDialog
        open={confirming !== null}
        title={`${confirming?.label ?? ''} on ${target.name}?`}
        effects={[
          {
            key: 'revert',
            icon: <Undo2 className="i" aria-hidden="true" />,
            text:
              confirming?.value === 'revert'
                ? `The backup of config.yaml is put back and the service restarted once. The restart cuts ${target.name}'s tunnels, and frees every fd for a while, leaked or not.`
                : `The answer to “${question}” is kept with your name, and the run goes on with it. It cannot be taken back.`,
          },
        ]}
        keep="Not now"
        act={`${confirming?.label ?? ''} on 1 node`}
        busy={answer.isPending}
        problem={problem ? <Callout tone="danger">{problem.detail}</Callout> : null}
        onAct={() => confirming && give(confirming)}
        onClose={() => setConfirming(null)}
      />
    </section>
  );
}
