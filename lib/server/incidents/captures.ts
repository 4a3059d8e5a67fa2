import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { NodeOps, Receipt } from '#server/ssh/index.ts';
import type { CaptureHead } from '#shared/incidents.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember, NodeDetail } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { formatCount } from '#shared/units/count.ts';
import { addEntry } from './keep.ts';
import { nodeIdsOf, toCapture } from './rows.ts';

/** Kept of a node; a bundle is 100 KB to 1 MB. */
const KEPT = 20;
/** Below the time in which the console answers. */
const PART_MS = 7500;
const JOURNAL_MS = 60 * 60_000;
const JOURNAL_LINES = 1000;
const METRICS_MS = 60 * 60_000;

type Part = {
  name: string;
  command: string | null;
  exitCode: number | null;
  at: string;
  sha256: string | null;
  text: string | null;
  missing: string | null;
};
type Taken = { member: FleetMember; at: number; processStart: number | null; openFds: number | null; parts: Part[] };

const input = z.object({
  nodeId: z.string().min(1).max(64),
  incidentId: z.string().min(1).max(64).nullable(),
  why: z.string().max(200).optional(),
});
type KeepCapture = Verb<typeof input, Tx, CaptureHead>;

/** What a restart would destroy, of one process at one moment, in one file: X-ray, sockets, journal, status, config, metrics. Changes nothing. */
export function createCaptures(deps: {
  db: Db;
  ops: Pick<NodeOps, 'probe' | 'xray' | 'readConfig' | 'journal'>;
  member: (id: string) => Promise<FleetMember>;
  node: (id: string) => Promise<NodeDetail>;
  recent: (nodeId: string, sinceMs: number) => Sample[];
  clock: Clock;
}) {
  const { db, ops, clock } = deps;
  const underWay = new Map<string, Promise<Taken>>();

  async function read(nodeId: string): Promise<Taken> {
    const member = await deps.member(nodeId);
    const at = clock.now();
    const call = { timeoutMs: PART_MS };
    const shown = await deps.node(nodeId);
    const parts = await Promise.all([
      part('status.txt', async () => (await ops.probe(member, call)).receipt),
      part('fds.txt', async () => (await ops.xray(member, call)).receipt),
      part('config.yaml', async () => {
        const { value, receipt } = await ops.readConfig(member, call);
        return { ...receipt, raw: value.bytes.toString('utf8'), sha256: value.sha256 };
      }),
      part('journal.txt', async () => {
        const { value, receipt } = await ops.journal(member, { sinceMs: at - JOURNAL_MS, lines: JOURNAL_LINES, ...call });
        return { ...receipt, raw: `${value.lines.join('\n')}\n` };
      }),
    ]);
    parts.push(
      ownPart(
        'metrics.jsonl',
        at,
        deps
          .recent(nodeId, at - METRICS_MS)
          .map((s) => JSON.stringify(s))
          .join('\n'),
      ),
    );
    parts.push(ownPart('judgement.json', at, JSON.stringify({ verdict: shown.verdict ?? null, node: shown.node }, null, 1)));
    if (parts.slice(0, 4).every(({ missing }) => missing !== null))
      throw new HeadroomError(
        'ssh.command-failed',
        `nothing of ${member.name} could be kept: ${parts[0]?.missing ?? 'it does not answer'}`,
      );
    const { processStart, openFds } = shown.node;
    return { member, at, openFds, processStart: processStart === null ? null : Date.parse(processStart), parts };
  }

  return {
    /** Reads the node now; what comes back is a verb that keeps what was read. Who asks meanwhile gets the same reading. */
    async take(nodeId: string): Promise<KeepCapture> {
      const reading = underWay.get(nodeId) ?? read(nodeId).finally(() => underWay.delete(nodeId));
      underWay.set(nodeId, reading);
      const taken = await reading;
      return {
        name: 'incident.capture',
        permission: 'incident.write',
        input,
        nodes: (_tx, asked) => [asked.nodeId],
        async run(tx, { incidentId, why }, { actor, now }) {
          if (incidentId !== null) await assertPartOf(tx, incidentId, taken.member);
          const head = await keep(tx, taken, { incidentId, by: why ?? actor.name });
          if (incidentId !== null) await tellTimeline(tx, incidentId, head, now);
          return {
            result: head,
            object: `node:${nodeId}`,
            after: { capture: head.id, sha256: head.sha256, bytes: head.bytes },
            events: incidentId === null ? [] : [{ type: 'incident.changed', incidentId }],
          };
        },
      };
    },
    /** The whole file and what it is of. */
    async get(id: string): Promise<{ head: CaptureHead; bundle: string }> {
      const row = await db.selectFrom('captures').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row)
        throw new HeadroomError(
          'capture.not-found',
          `There is no capture ${JSON.stringify(id.slice(0, 64))}: the newest ${KEPT} of a node are kept.`,
        );
      const { bundle, ...head } = row;
      return { head: toCapture(head), bundle };
    },
    /** Whether this very process was captured already. */
    async has(nodeId: string, processStart: number | null): Promise<boolean> {
      const last = await db
        .selectFrom('captures')
        .select('processStart')
        .where('nodeId', '=', nodeId)
        .orderBy('at', 'desc')
        .limit(KEPT)
        .execute();
      return last.some((c) => processStart === null || c.processStart === null || Math.abs(c.processStart - processStart) < SAME_START_MS);
    },
  };
}

/** Starts are rounded to the second by their sources. */
const SAME_START_MS = 2500;

async function part(name: string, look: () => Promise<Receipt>): Promise<Part> {
  try {
    const { command, exitCode, raw, sha256, at } = await look();
    return { name, command, exitCode, at: toInstant(at), sha256, text: raw, missing: null };
  } catch (error) {
    if (!isHeadroomError(error)) throw error;
    return { name, command: null, exitCode: null, at: toInstant(Date.now()), sha256: null, text: null, missing: error.message };
  }
}

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const ownPart = (name: string, at: number, text: string): Part => ({
  ...{ name, command: null, exitCode: null, at: toInstant(at), sha256: sha256Of(text), text, missing: null },
});

async function keep(tx: Tx, taken: Taken, o: { incidentId: string | null; by: string }): Promise<CaptureHead> {
  const { member, at, processStart, openFds, parts } = taken;
  const bundle = JSON.stringify(
    {
      format: 'headroom-capture/1',
      node: {
        id: member.id,
        name: member.name,
        host: member.host,
        unit: member.unit,
        configPath: member.configPath,
        labels: member.labels,
      },
      ...{ at: toInstant(at), by: o.by, processStart: processStart === null ? null : toInstant(processStart), openFds },
      parts,
    },
    null,
    1,
  ).toWellFormed();
  const row = {
    ...{ id: newId('c', at), nodeId: member.id, nodeName: member.name, incidentId: o.incidentId, at, actor: o.by, processStart, openFds },
    parts: JSON.stringify(
      parts.map(({ name, text, sha256, missing }) => ({ name, bytes: Buffer.byteLength(text ?? ''), sha256, missing })),
    ),
    ...{ bytes: Buffer.byteLength(bundle), sha256: sha256Of(bundle) },
  };
  await tx
    .insertInto('captures')
    .values({ ...row, bundle })
    .execute();
  const newest = tx.selectFrom('captures').select('id').where('nodeId', '=', member.id).orderBy('at', 'desc').limit(KEPT);
  await tx.deleteFrom('captures').where('nodeId', '=', member.id).where('id', 'not in', newest).execute();
  return toCapture(row);
}

/** Who may write one node tells no other one's incident anything. */
async function assertPartOf(tx: Tx, incidentId: string, { id, name }: FleetMember): Promise<void> {
  if ((await nodeIdsOf(tx, incidentId)).includes(id)) return;
  const message = `${name} is no node of this incident: keep its evidence from one that it is part of`;
  throw new HeadroomError('request.invalid', message, { fields: [{ path: 'nodeId', message }] });
}

async function tellTimeline(tx: Tx, incidentId: string, head: CaptureHead, now: number): Promise<void> {
  const missing = head.parts.filter((p) => p.missing !== null).map((p) => p.name);
  const fds = head.openFds === null ? '' : ` of a process with ${formatCount(head.openFds)} fds`;
  const kept = `${head.parts.length - missing.length} of ${head.parts.length} parts${fds}`;
  await addEntry(tx, incidentId, {
    ...{
      key: `capture:${head.id}`,
      at: now,
      kind: 'capture',
      tone: missing.length > 0 ? 'warn' : 'ok',
      nodeId: head.nodeId,
      nodeName: head.nodeName,
    },
    text: `Evidence kept: ${kept}${missing.length > 0 ? `; not read: ${missing.join(', ')}` : ''}`,
    ...{ by: head.by, captureId: head.id },
  });
}
