// What one pass over the rules costs while a whole fleet flaps: `node test/bench/incident-storm.ts [nodes] [passes]`. Two rules of every node fire in one pass
// and clear in the next, with an Alertmanager and a mail channel listening; 1,000 nodes and 40 passes are 40,000 signals, some hours of a bad day. Fails when a
// pass takes more CPU than the console's tick has.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDatabase } from '#server/db/index.ts';
import { createLooks } from '#server/incidents/looks.ts';
import { createWatcher } from '#server/incidents/watcher.ts';
import { noteIncident } from '#server/notify/of-incident.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const NODES = Number(process.argv[2] ?? 1000);
const PASSES = Number(process.argv[3] ?? 40);
const TICK_MS = 5000;
const DAY = 86_400_000;
const START = Date.parse('2026-03-01T12:00:00Z');

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'storm-'));
const db = await openDatabase({ file: path.join(dir, 'headroom.db') });
let now = START;
let bad = false;
const [story] = demoFleet();
if (!story) throw new Error('no story');
const plain = fleetNode(story, START - DAY, START);
const nodes = Array.from({ length: NODES }, (_, i) => ({ id: `n_${i}`, name: `edge-${String(i).padStart(4, '0')}` }));
for (const { id, name } of nodes)
  await db
    .insertInto('nodes')
    .values({
      ...{ id, name, host: '127.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/etc/sniproxy/config.yaml' },
      ...{ metrics: '{"via":"none"}', labels: '{"group":"edge","site":"fra"}', version: 1, createdAt: START },
    })
    .execute();
const route = JSON.stringify({ severities: ['critical', 'warning', 'info'], rules: [], selector: '*' });
for (const kind of ['alertmanager', 'email'])
  await db
    .insertInto('channels')
    .values({
      ...{
        id: `ch_${kind}`,
        name: kind,
        kind,
        target: '{}',
        route,
        enabled: 1,
        allowPrivate: 0,
        version: 1,
        createdBy: 'bench',
        createdAt: START,
      },
    })
    .execute();

const clock = { now: () => now, sleep: async () => undefined };
const view = async () => ({
  asOf: toInstant(now),
  nodes: nodes.map(
    (node): FleetNode => ({
      ...{ ...plain, ...node, state: bad ? 'scrape-blind' : 'up', stateReason: null, lastSampleAt: toInstant(now) },
      hostKey: { ...plain.hostKey, blocked: bad },
    }),
  ),
});
const never = async () => Promise.reject(new Error('nobody is asked'));
const looks = createLooks({ ops: { probe: never, journal: never, isPrepared: never }, member: never, clock, signal: AbortSignal.abort() });
const at = { threshold: 0, clear: 0, forSeconds: 0, clearForSeconds: 0 };
const watcher = createWatcher({
  ...{ db, clock, fleet: { view }, scraper: { health: () => ({ lastSample: null }) } },
  looks: { ...looks, tick: () => undefined },
  rules: async () => [
    { rule: 'scrape-blind', mode: 'on', numbers: at },
    { rule: 'host-key-changed', mode: 'on', numbers: at },
  ],
  noted: (tx, id) => noteIncident(tx, id, now),
  ...{ events: { publish: () => undefined }, onError: (error) => Promise.reject(error), onTrouble: () => undefined },
});

const took: number[] = [];
for (let pass = 0; pass < PASSES; pass++) {
  bad = !bad;
  now += 60_000;
  const [began, used] = [performance.now(), process.cpuUsage()];
  await watcher.tick();
  const { user, system } = process.cpuUsage(used);
  took.push((user + system) / 1000);
  const wall = (performance.now() - began).toFixed(0);
  process.stdout.write(`${bad ? 'fires ' : 'clears'} ${took.at(-1)?.toFixed(0).padStart(6)} ms of CPU, ${wall} ms\n`);
}
const quiet = performance.now();
await watcher.tick();
const { signals } = await db
  .selectFrom('signals')
  .select((eb) => eb.fn.countAll<number>().as('signals'))
  .executeTakeFirstOrThrow();
const worst = Math.max(...took);
process.stdout.write(
  `${NODES} nodes, ${signals} signals: worst pass ${worst.toFixed(0)} ms of CPU, one without a change ${(performance.now() - quiet).toFixed(0)} ms\n`,
);
await db.destroy();
fs.rmSync(dir, { recursive: true, force: true });
process.exit(worst > TICK_MS ? 1 : 0);
