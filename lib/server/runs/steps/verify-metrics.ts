import type { Sample } from '#shared/metrics.ts';
import type { StepRunner } from './context.ts';
import { count } from './facts.ts';

const LOOK_EVERY_MS = 1000;
/** An older sample may still be of the process before. */
const FRESH_MS = 20_000;

/** The document's gauge and its neighbours, and what they are worth. */
export const verifyMetrics: StepRunner = async (context) => {
  const startMs = context.target().memo.after?.startMs ?? 0;
  context.focus(context.clock.now() + 10_000);
  let sample: Sample | undefined;
  for (;;) {
    sample = context.samples(context.clock.now() - FRESH_MS).findLast((s) => s.processStart === null || s.processStart >= startMs - 2000);
    if (sample !== undefined || context.clock.now() + LOOK_EVERY_MS >= context.deadline) break;
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
  if (sample === undefined) {
    await context.prove({ title: 'metrics of the new process', command: `samples of ${context.node.name}`, verdict: 'inconclusive' });
    return { status: 'inconclusive', verdict: 'inconclusive', summary: 'no metrics of the new process arrived' };
  }
  const { openFds, fdLimit, connectionsActive, poolActive, poolIdle } = sample;
  const known = poolActive !== null || poolIdle !== null;
  const empty = (poolActive ?? 0) === 0 && (poolIdle ?? 0) === 0;
  await context.prove({
    title: 'pool gauges',
    command: context.node.metrics.via === 'none' ? 'no metrics page' : `${context.node.metrics.url} via ${context.node.metrics.via}`,
    raw: `sniproxy_pool_active_connections ${poolActive}\nsniproxy_pool_size ${poolIdle}`,
    value: known ? `${poolActive ?? '?'} active, ${poolIdle ?? '?'} idle` : 'not exported',
    threshold: '0 while the pool is off',
    verdict: known ? (empty ? 'pass' : 'inconclusive') : 'inconclusive',
  });
  await context.prove({
    title: 'fds and connections',
    command: 'process_open_fds, process_max_fds, sniproxy_connections_active',
    raw: `process_open_fds ${openFds}\nprocess_max_fds ${fdLimit}\nsniproxy_connections_active ${connectionsActive}`,
    value: `${count(openFds)} of ${count(fdLimit)} fds, ${count(connectionsActive)} connections`,
  });
  const gauge = known ? `pool ${poolActive ?? '?'} active, ${poolIdle ?? '?'} idle` : 'no pool gauges';
  return {
    status: 'succeeded',
    verdict: known && empty ? 'pass' : 'inconclusive',
    summary: `${gauge}, ${count(openFds)} fds; this gauge alone cannot show the leak`,
  };
};
