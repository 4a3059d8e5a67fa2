// Writes lib/server/drills/recordings/fd-leak.json: the incident that the product comes from, told in samples. Deterministic: `node scripts/record-incident.ts`.
import fs from 'node:fs';
import path from 'node:path';
import { RECORDING_FORMAT, type Recording, recordingSchema } from '#shared/recordings.ts';

const START = Date.parse('2026-02-12T09:00:00Z') / 1000;
const EVERY = 10;
const MINUTES = 220;
const LIMIT = 8192;
const BASELINE = 24;
const LEAK_PER_MINUTE = 118;
/** minutes after the start */
const STORY = { leak: 30, restart: 112, second: 113, fix: 170 } as const;

/** Small deterministic noise, below 1. */
let state = 12345;
const random = () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 2147483648;
};

const at: number[] = [];
const r: Omit<Recording, 'format' | 'title' | 'node' | 'at' | 'marks'> = {
  ...{ processStart: [], openFds: [], fdLimit: [], connectionsActive: [], connectionsStale: [], poolActive: [] },
  ...{ poolIdle: [], baselineFds: [], acceptedTotal: [], blind: [] },
};
let [accepted, leaked, life] = [1_200_000, 0, START - 9 * 86_400];
for (let i = 0; i * EVERY <= MINUTES * 60; i += 1) {
  const minute = (i * EVERY) / 60;
  for (const when of [STORY.restart, STORY.fix])
    if (minute >= when && minute - EVERY / 60 < when) [accepted, leaked, life] = [0, 0, START + when * 60];
  const leaks = minute >= STORY.leak && minute < STORY.fix;
  // two descriptors a tunnel that never hears of its end
  if (leaks) leaked = Math.min(LIMIT, leaked + 2 * Math.round((LEAK_PER_MINUTE / 2 / 60) * EVERY + (random() - 0.5) * 4));
  const live = Math.round(140 + 14 * Math.sin(minute / 21) + 6 * random());
  const full = BASELINE + 2 * live + leaked >= LIMIT - 4;
  const active = full ? 0 : live;
  const open = full ? LIMIT : BASELINE + 2 * live + leaked;
  accepted += full ? 0 : Math.round(EVERY * 4 + random() * 3);
  at.push(START + i * EVERY);
  r.processStart.push(life);
  r.openFds.push(open);
  r.fdLimit.push(LIMIT);
  r.connectionsActive.push(full ? null : active + leaked / 2);
  r.connectionsStale.push(full ? null : leaked / 2);
  r.poolActive.push(full ? null : 0);
  r.poolIdle.push(full ? null : Math.round(6 * random()));
  r.baselineFds.push(full ? null : BASELINE);
  r.acceptedTotal.push(full ? null : accepted);
  r.blind.push(full ? 1 : 0);
}
const mark = (minute: number, text: string) => ({ at: START + minute * 60, text });
const recording = recordingSchema.parse({
  format: RECORDING_FORMAT,
  title: '"Too many open files": the pool is blamed, and restarted away',
  node: 'edge-fra-01',
  at,
  ...r,
  marks: [
    mark(STORY.leak, 'A client library that closes first is rolled out: from here on each of its tunnels stays'),
    mark(STORY.restart - 8, 'Support: "too many open files". The pool is blamed'),
    mark(STORY.restart, 'connection_pool.enabled: false, restart. lsof says 300: "fixed"'),
    mark(STORY.restart + 12, 'The slope is as before: not fixed'),
    mark(STORY.fix, 'The end of file is forwarded and half-closed tunnels have a deadline: new version, restart'),
  ],
} satisfies Recording);
const file = path.join(import.meta.dirname, '..', 'lib', 'server', 'drills', 'recordings', 'fd-leak.json');
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, `${JSON.stringify(recording)}\n`);
