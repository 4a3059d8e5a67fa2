import type { Db } from '#server/db/index.ts';
import { createLooks } from '#server/incidents/looks.ts';
import { createWatcher } from '#server/incidents/watcher.ts';
import { noteIncident } from '#server/notify/of-incident.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T12:00:00Z');

/** A fleet of which two rules fire on every node in one pass and clear in the next, a minute later, with an Alertmanager and a mail channel listening. */
export async function incidentStorm(db: Db, count: number) {
  let now = START;
  let bad = false;
  const [story] = demoFleet();
  if (!story) throw new Error('no story');
  const plain = fleetNode(story, START - DAY, START);
  const nodes = Array.from({ length: count }, (_, i) => ({ id: `n_${i}`, name: `edge-${String(i).padStart(4, '0')}` }));
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
        ...{ id: `ch_${kind}`, name: kind, kind, target: '{}', route, enabled: 1 },
        ...{ allowPrivate: 0, version: 1, createdBy: 'test', createdAt: START },
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
  const looks = createLooks({
    ops: { probe: never, journal: never, isPrepared: never },
    member: never,
    clock,
    signal: AbortSignal.abort(),
  });
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
  return {
    /** One pass; `flips`: after every node went from good to bad or back. Gives whether they are bad now. */
    async pass(flips: boolean): Promise<boolean> {
      if (flips) bad = !bad;
      now += 60_000;
      await watcher.tick();
      return bad;
    },
  };
}
