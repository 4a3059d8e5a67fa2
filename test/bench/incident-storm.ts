// What one pass over the rules costs while a whole fleet flaps: `node test/bench/incident-storm.ts [nodes] [passes]`. Two rules of every node fire in one pass
// and clear in the next, with an Alertmanager and a mail channel listening; 1,000 nodes and 40 passes are 40,000 signals, some hours of a bad day. Fails when a
// pass takes more CPU than the console's tick has.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDatabase } from '#server/db/index.ts';
import { incidentStorm } from '#test/support/incident-storm.ts';

const NODES = Number(process.argv[2] ?? 1000);
const PASSES = Number(process.argv[3] ?? 40);
const TICK_MS = 5000;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'storm-'));
const db = await openDatabase({ file: path.join(dir, 'headroom.db') });
const storm = await incidentStorm(db, NODES);

/** ms of CPU; the wall's depend on who else is there */
async function measured(flips: boolean): Promise<number> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const bad = await storm.pass(flips);
  const { user, system } = process.cpuUsage(used);
  const cpu = (user + system) / 1000;
  const what = flips ? (bad ? 'fires ' : 'clears') : 'same  ';
  process.stdout.write(`${what} ${cpu.toFixed(0).padStart(6)} ms of CPU, ${(performance.now() - began).toFixed(0)} ms\n`);
  return cpu;
}

const took: number[] = [];
for (let pass = 0; pass < PASSES; pass++) took.push(await measured(true));
await measured(false);
const { signals } = await db
  .selectFrom('signals')
  .select((eb) => eb.fn.countAll<number>().as('signals'))
  .executeTakeFirstOrThrow();
const worst = Math.max(...took);
process.stdout.write(`${NODES} nodes, ${signals} signals: worst pass ${worst.toFixed(0)} ms of CPU\n`);
await db.destroy();
fs.rmSync(dir, { recursive: true, force: true });
process.exit(worst > TICK_MS ? 1 : 0);
