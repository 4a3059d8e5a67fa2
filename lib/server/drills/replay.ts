import fs from 'node:fs';
import path from 'node:path';
import { assessLeak } from '#server/detect/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { MOST_SAMPLES, RECORDING_FORMAT, type Recording, type Replay, recordingSchema } from '#shared/recordings.ts';
import { toInstant } from '#shared/time.ts';

const SHIPPED = path.join(import.meta.dirname, 'recordings', 'fd-leak.json');
const JUDGED_EVERY_S = 30;
/** The judgement looks back this far, as the console does. */
const JUDGED_MS = 30 * 3_600_000;
const HOUR_MS = 3_600_000;
/** Judgements between two pauses, and at most. */
const SLICE = 10;
const MOST_JUDGED = 1500;
/** As close to the limit as open fds come. */
const FULL_WITHIN = 2;

/** Replays what was recorded through the judgement of today, with nothing later known at each moment. */
export function createReplays(deps: { metrics: Pick<MetricStore, 'raw'>; clock: Clock }) {
  let shipped: Promise<Replay> | null = null;
  return {
    /** the recording that comes with the console */
    shipped: (): Promise<Replay> => {
      shipped ??= replayOf(recordingSchema.parse(JSON.parse(fs.readFileSync(SHIPPED, 'utf8'))));
      return shipped;
    },
    /** A stretch of a node's stored samples as a file. Throws request.invalid when there are too many, or none. */
    async record(node: { id: string; name: string }, range: { from?: number | undefined; to?: number | undefined }): Promise<Recording> {
      const toMs = range.to ?? deps.clock.now();
      const fromMs = range.from ?? toMs - 3 * HOUR_MS;
      const samples = await deps.metrics.raw(node.id, fromMs, toMs);
      if (samples.length < 2 || samples.length > MOST_SAMPLES)
        throw new HeadroomError(
          'request.invalid',
          `${node.name} has ${samples.length} samples in this time: a recording has 2 to ${MOST_SAMPLES}, so choose another range`,
        );
      return recordingOf(node.name, samples);
    },
    replay: replayOf,
  };
}

function recordingOf(name: string, samples: readonly Sample[]): Recording {
  const column = (key: Exclude<keyof Sample, 'at' | 'source'>) => samples.map((sample) => sample[key]);
  return {
    ...{ format: RECORDING_FORMAT, title: `${name}, recorded`, node: name, at: samples.map(({ at }) => at / 1000) },
    processStart: column('processStart').map((ms) => (ms === null ? null : ms / 1000)),
    ...{ openFds: column('openFds'), fdLimit: column('fdLimit'), connectionsActive: column('connectionsActive') },
    ...{ connectionsStale: column('connectionsStale'), poolActive: column('poolActive'), poolIdle: column('poolIdle') },
    ...{ baselineFds: column('baselineFds'), acceptedTotal: column('acceptedTotal') },
    ...{ blind: samples.map(({ source }) => (source === 'ssh-proc' ? 1 : 0)), marks: [] },
  };
}

function samplesOf(r: Recording): Sample[] {
  return r.at.map((seconds, i): Sample => {
    const value = (column: readonly (number | null)[]) => column[i] ?? null;
    const start = value(r.processStart);
    return {
      ...{ at: seconds * 1000, processStart: start === null ? null : start * 1000, openFds: value(r.openFds), fdLimit: value(r.fdLimit) },
      ...{ connectionsActive: value(r.connectionsActive), connectionsStale: value(r.connectionsStale), withoutBackend: null },
      ...{ poolActive: value(r.poolActive), poolIdle: value(r.poolIdle), baselineFds: value(r.baselineFds) },
      ...{ acceptedTotal: value(r.acceptedTotal), refusedTotal: null, bytesTotal: null, errorsTotal: null },
      ...{ rssBytes: null, cpuSeconds: null, eventLoopLagSeconds: null, source: r.blind[i] === 1 ? 'ssh-proc' : 'http' },
    };
  });
}

async function replayOf(recording: Recording): Promise<Replay> {
  const samples = samplesOf(recording);
  const [first = 0, last = 0] = [recording.at[0], recording.at.at(-1)];
  const every = Math.max(JUDGED_EVERY_S, Math.ceil((last - first) / MOST_JUDGED));
  const judged: Replay['judged'] = [];
  let end = 0;
  for (let at = first; at <= last; at += every) {
    const now = at * 1000;
    while ((samples[end]?.at ?? Number.POSITIVE_INFINITY) <= now) end += 1;
    const known = samples.slice(0, end).filter((sample) => sample.at >= now - JUDGED_MS);
    const { verdict, perMinute, timeToEmfileSeconds, missing } = assessLeak({ now, samples: known });
    judged.push({ at, verdict, perMinute, timeToEmfileSeconds, missing: missing ?? null });
    // the console answers others meanwhile
    if (judged.length % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { title, node, at, openFds, fdLimit, blind } = recording;
  const span = { from: toInstant(first * 1000), to: toInstant(last * 1000) };
  return { title, node, ...span, at, openFds, fdLimit, blind, judged, points: pointsOf(recording, judged) };
}

function pointsOf(r: Recording, judged: Replay['judged']): Replay['points'] {
  const points: Replay['points'] = r.marks.map(({ at, text }) => ({ at, kind: 'mark', text }));
  let leaking = false;
  for (const { at, verdict, timeToEmfileSeconds } of judged) {
    if (verdict === 'leaking' && !leaking) {
      const left = timeToEmfileSeconds === null ? '' : `, ${Math.round(timeToEmfileSeconds.mid / 60)} min before EMFILE by the slope`;
      points.push({ at, kind: 'leaking', text: `"leaking" called here${left}` });
    }
    leaking = verdict === 'leaking';
  }
  for (let i = 0; i < r.at.length; i += 1) {
    const at = r.at[i] ?? 0;
    const full = (n: number) => (r.openFds[n] ?? 0) >= (r.fdLimit[n] ?? Number.POSITIVE_INFINITY) - FULL_WITHIN;
    if (full(i) && !full(i - 1)) points.push({ at, kind: 'emfile', text: 'EMFILE here: accept() fails' });
    if (i > 0 && r.blind[i] === 1 && r.blind[i - 1] === 0)
      points.push({ at, kind: 'blind', text: '/metrics is dead; fds are counted over SSH' });
    if (i > 0 && r.processStart[i] !== r.processStart[i - 1])
      points.push({ at, kind: 'restart', text: 'Restart: every leaked fd is freed' });
  }
  return points.sort((a, b) => a.at - b.at);
}
