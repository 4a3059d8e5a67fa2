import { replaceEqualDeep } from '@tanstack/react-query';
import type { LiveEvent } from '#shared/events.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import type { Fleet, FleetNode, NodeDetail } from '#shared/nodes.ts';
import type { Instant } from '#shared/time.ts';

export type SampleEvent = Extract<LiveEvent, { type: 'fleet.sample' }>;

/** The figures of a sample in a fleet row. Verdict and forecast stay as judged; the next answer of the console brings new ones. */
export function patchNode(node: FleetNode, sample: SampleEvent): FleetNode {
  const { at, values, processStart } = sample;
  if (node.lastSampleAt !== null && Date.parse(node.lastSampleAt) >= at) return node;
  const pick = (name: string, before: number | null) => (name in values ? (values[name] ?? null) : before);
  const openFds = pick('openFds', node.openFds);
  const fdLimit = pick('fdLimit', node.fdLimit);
  return {
    ...node,
    openFds,
    fdLimit,
    headroom: openFds === null || fdLimit === null ? null : fdLimit - openFds,
    explainedFds: pick('explainedFds', node.explainedFds),
    unexplainedFds: pick('unexplainedFds', node.unexplainedFds),
    connectionsActive: pick('connectionsActive', node.connectionsActive),
    acceptedPerSecond: pick('acceptedPerSecond', node.acceptedPerSecond),
    pool: { ...node.pool, active: pick('poolActive', node.pool.active), idle: pick('poolIdle', node.pool.idle) },
    processStart: processStart === null ? node.processStart : toInstant(processStart),
    lastSampleAt: toInstant(at),
  };
}

export function patchFleet(fleet: Fleet | undefined, samples: readonly SampleEvent[]): Fleet | undefined {
  if (!fleet) return fleet;
  const latest = new Map<string, SampleEvent>();
  for (const sample of samples) if ((latest.get(sample.nodeId)?.at ?? 0) < sample.at) latest.set(sample.nodeId, sample);
  const newest = Math.max(Date.parse(fleet.asOf), ...[...latest.values()].map(({ at }) => at));
  const patched = {
    ...fleet,
    asOf: toInstant(newest),
    nodes: fleet.nodes.map((node) => {
      const sample = latest.get(node.id);
      return sample ? patchNode(node, sample) : node;
    }),
  };
  patches.add(patched);
  return patched;
}

const patches = new WeakSet<object>();
/** What a patch left alone is what it was; only an answer of the console has to be compared, field by field, with what is known. */
export const shareFleet = (before: unknown, after: unknown): unknown =>
  typeof after === 'object' && after !== null && patches.has(after) ? after : replaceEqualDeep(before, after);

export const patchNodeDetail = (detail: NodeDetail | undefined, sample: SampleEvent): NodeDetail | undefined =>
  detail && { ...detail, node: patchNode(detail.node, sample) };

/** Adds the sample at the right edge and drops what left the window at the left one. Lives stay apart: a new start is listed, and charts break there. */
export function appendSample(answer: NodeMetricsAnswer | undefined, sample: SampleEvent): NodeMetricsAnswer | undefined {
  if (!answer) return answer;
  const at = sample.at / 1000;
  const last = answer.times.at(-1) ?? 0;
  if (at <= last) return answer;
  const span = Date.parse(answer.to) - Date.parse(answer.from);
  const from = sample.at - span;
  let gone = 0;
  while (gone < answer.times.length && (answer.times[gone] ?? 0) * 1000 < from) gone += 1;
  const series = Object.fromEntries(
    Object.entries(answer.series).map(([name, values]) => [name, [...values.slice(gone), sample.values[name] ?? null]]),
  );
  const lastStart = answer.processStarts.at(-1);
  const start = sample.processStart;
  const isNewLife = start !== null && (lastStart === undefined || start > Date.parse(lastStart) + 2000);
  return {
    ...answer,
    from: toInstant(from),
    to: toInstant(sample.at),
    times: [...answer.times.slice(gone), at],
    series,
    processStarts: isNewLife ? [...answer.processStarts, toInstant(start)] : answer.processStarts,
  };
}

const toInstant = (epochMs: number): Instant => new Date(epochMs).toISOString();
