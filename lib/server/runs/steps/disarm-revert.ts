import { NodeLost } from '../interrupted.ts';
import { lostNode } from '../state.ts';
import { patiently, type StepRunner } from './context.ts';

/** The change is confirmed: from here on the node keeps it. */
export const disarmRevert: StepRunner = async (context) => {
  if (context.target().wayBack === 'none') {
    await context.prove({ title: 'nothing was armed', value: 'nothing to disarm', verdict: 'pass' });
    return { status: 'succeeded', summary: 'nothing was armed' };
  }
  const { wayBack, outcome } = await patiently(context, () => context.wayBack.disarm());
  const ok = wayBack === 'disarmed';
  await context.prove({
    title: 'the revert is disarmed',
    ...(outcome !== null && { receipt: outcome.receipt }),
    value: wayBack,
    threshold: 'disarmed',
    verdict: ok ? 'pass' : 'fail',
  });
  if (lostNode(wayBack)) throw new NodeLost();
  return { status: 'succeeded', summary: 'disarmed: the node keeps the change' };
};
