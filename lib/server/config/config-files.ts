import { createHash } from 'node:crypto';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { ChangePreview } from '#shared/changes.ts';
import { diffLines } from '#shared/diff-lines.ts';
import type { ConfigHistory, FleetMember, KeptConfig, NodeConfig } from '#shared/nodes.ts';
import type { PoolSettings } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { editPool } from './edit-pool.ts';
import { lintConfig } from './lint.ts';
import { readPool } from './read-pool.ts';

/** Nodes read at a time for a preview, and the time that all of them have: an answer comes within 10 s. */
const PARALLEL = 16;
const PREVIEW_MS = 8000;
const READ_MS = 8000;
const CONTEXT_LINES = 3;

export type ConfigFiles = ReturnType<typeof createConfigFiles>;

/** config.yaml of the nodes, read over SSH, and what of it was agreed: the bytes that a run wrote, or those that were seen first. */
export function createConfigFiles(deps: {
  db: Db;
  ops: Pick<NodeOps, 'readConfig' | 'readBackup' | 'history'>;
  nodes: {
    get(id: string): Promise<FleetMember>;
    /** labels and facts, as for a run: the preview is of the nodes that the run would change */
    match(selector: string): Promise<FleetMember[]>;
    explain(selector: string, only: (node: FleetMember) => boolean): Promise<string>;
  };
  clock: Clock;
}) {
  const { db, ops, nodes, clock } = deps;

  const agreed = async (nodeId: string): Promise<string | null> => {
    const row = await db.selectFrom('agreedConfigs').select('sha256').where('nodeId', '=', nodeId).executeTakeFirst();
    return row?.sha256 ?? null;
  };
  /** Drift of a file with this hash; the first one ever seen on a node is agreed. */
  const seen = async (nodeId: string, sha256: string): Promise<{ drift: boolean }> => {
    const known = await agreed(nodeId);
    if (known !== null) return { drift: known !== sha256 };
    const first = { nodeId, sha256, agreedAt: clock.now() };
    await db
      .insertInto('agreedConfigs')
      .values(first)
      .onConflict((conflict) => conflict.column('nodeId').doNothing())
      .execute();
    return { drift: false };
  };

  /** Nodes of which a first hash is on record, so that noting costs a query once a node. */
  const noted = new Set<string>();

  /** The node's own word on a file that is not what was agreed; it may have none. */
  async function whoChanged(node: FleetMember): Promise<NodeConfig['changed']> {
    try {
      const { changedAt, suspects } = (await ops.history(node, { timeoutMs: READ_MS })).value;
      const last = suspects.at(-1);
      return { at: changedAt === null ? null : toInstant(changedAt), by: last?.user ?? null, command: last?.command ?? null };
    } catch (error) {
      if (isHeadroomError(error)) return null;
      throw error;
    }
  }

  async function previewNode(node: FleetMember, pool: PoolSettings, untilMs: number): Promise<ChangePreview['nodes'][number]> {
    const nothing = { nodeId: node.id, name: node.name, sha256Before: null, sha256After: null, diff: [], changedBytes: 0, findings: [] };
    const timeoutMs = untilMs - performance.now();
    if (timeoutMs < 500)
      return { ...nothing, ok: false, problem: `${node.name} was not read: the nodes before it took all the time; preview fewer nodes` };
    try {
      const { value } = await ops.readConfig(node, { timeoutMs });
      const before = { ...nothing, sha256Before: value.sha256 };
      try {
        const { bytes, edits } = editPool(value.bytes, pool);
        return {
          ...before,
          ok: true,
          problem: null,
          sha256After: createHash('sha256').update(bytes).digest('hex'),
          diff: diffLines(value.bytes.toString('utf8'), bytes.toString('utf8'), CONTEXT_LINES),
          changedBytes: edits.reduce((sum, edit) => sum + Math.max(edit.to - edit.from, Buffer.byteLength(edit.text)), 0),
          findings: lintConfig(bytes),
        };
      } catch (error) {
        return { ...before, ok: false, problem: sentence(error), findings: lintConfig(value.bytes) };
      }
    } catch (error) {
      return { ...nothing, ok: false, problem: sentence(error) };
    }
  }

  return {
    agreed,
    /** of every node that has one on record, with one query */
    async allAgreed(): Promise<ReadonlyMap<string, string>> {
      const rows = await db.selectFrom('agreedConfigs').select(['nodeId', 'sha256']).execute();
      return new Map(rows.map(({ nodeId, sha256 }) => [nodeId, sha256]));
    },
    seen,
    /** A hash that was just observed; only the first of a node is kept. */
    async note(nodeId: string, sha256: string): Promise<void> {
      if (noted.has(nodeId)) return;
      await seen(nodeId, sha256);
      noted.add(nodeId);
    },
    async agree(on: Db | Tx, nodeId: string, sha256: string): Promise<void> {
      const values = { sha256, agreedAt: clock.now() };
      await on
        .insertInto('agreedConfigs')
        .values({ nodeId, ...values })
        .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(values))
        .execute();
    },

    async read(nodeId: string): Promise<NodeConfig> {
      const node = await nodes.get(nodeId);
      const { value } = await ops.readConfig(node, { timeoutMs: READ_MS });
      const { drift } = await seen(nodeId, value.sha256);
      const findings = lintConfig(value.bytes);
      const changed = drift ? await whoChanged(node) : null;
      return {
        path: node.configPath,
        text: value.bytes.toString('utf8'),
        sha256: value.sha256,
        poolEnabled: poolEnabled(value.bytes),
        findings,
        drift,
        changed,
      };
    },

    /** What the node keeps of earlier runs, and who they were. */
    async history(nodeId: string): Promise<ConfigHistory> {
      const { value } = await ops.history(await nodes.get(nodeId), { timeoutMs: READ_MS });
      const runIds = [...new Set(value.kept.map(({ opsId }) => runIdOf(opsId)))];
      const rows =
        runIds.length === 0
          ? []
          : await db.selectFrom('runs').select(['id', 'runbookTitle', 'startedBy']).where('id', 'in', runIds).execute();
      const runs = new Map(rows.map((row) => [row.id, row]));
      return {
        sha256: value.sha256,
        changedAt: value.changedAt === null ? null : toInstant(value.changedAt),
        suspects: value.suspects,
        kept: value.kept.map(({ opsId, at, sha256, state }) => {
          const runId = runIdOf(opsId);
          const run = runs.get(runId);
          return { runId, title: run?.runbookTitle ?? null, startedBy: run?.startedBy ?? null, at: toInstant(at), sha256, state };
        }),
      };
    },

    /** What the last attempt of a run kept on the node, beside the file as it is. Throws config.not-found when it kept none. */
    async kept(nodeId: string, runId: string): Promise<KeptConfig> {
      const node = await nodes.get(nodeId);
      const { kept } = (await ops.history(node, { timeoutMs: READ_MS })).value;
      const one = kept.find(({ opsId }) => runIdOf(opsId) === runId);
      if (one === undefined)
        throw new HeadroomError(
          'config.not-found',
          `${node.name} keeps no config.yaml of the run ${JSON.stringify(runId)}: the last 50 are kept.`,
        );
      const call = { timeoutMs: READ_MS };
      const [backup, now] = await Promise.all([ops.readBackup(node, { runId: one.opsId, ...call }), ops.readConfig(node, call)]);
      const text = ({ value: { bytes, sha256 } }: typeof now) => ({ sha256, text: bytes.toString('utf8') });
      return { runId, ...text(backup), now: text(now) };
    },

    /** What the change would do to each matched node's file. Reads only; a node that cannot be read says why in its place. */
    async preview(
      selector: string,
      pool: PoolSettings,
      /** the others are not there */ only: (node: FleetMember) => boolean = () => true,
    ): Promise<ChangePreview> {
      const matched = (await nodes.match(selector)).filter(only);
      if (matched.length === 0)
        throw new HeadroomError(
          'selector.no-match',
          `${JSON.stringify(selector)} matches no node. ${await nodes.explain(selector, only)}`.trim(),
        );
      const untilMs = performance.now() + PREVIEW_MS;
      const results: ChangePreview['nodes'] = [];
      const left = matched.entries();
      const work = async () => {
        for (const [i, node] of left) results[i] = await previewNode(node, pool, untilMs);
      };
      await Promise.all(Array.from({ length: PARALLEL }, work));
      return { nodes: results };
    },
  };
}

/** An attempt's name on its node is its run's, with a number from the second on. */
const runIdOf = (opsId: string): string => opsId.replace(/-\d+$/, '');

function poolEnabled(bytes: Buffer): boolean | null {
  try {
    return readPool(bytes).enabled;
  } catch (error) {
    if (isHeadroomError(error)) return null;
    throw error;
  }
}

function sentence(error: unknown): string {
  if (isHeadroomError(error)) return error.message;
  throw error;
}
