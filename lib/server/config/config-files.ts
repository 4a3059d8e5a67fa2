import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { ConfigHistory, FleetMember, KeptConfig, NodeConfig } from '#shared/nodes.ts';
import { toInstant } from '#shared/time.ts';
import { createAgreedConfigs } from './agreed-configs.ts';
import { lintConfig } from './lint.ts';
import { createPreview, type PreviewDeps } from './preview.ts';
import { readPool } from './read-pool.ts';

const READ_MS = 8000;
/** A node keeps 50. */
const MOST_RUNS = 200;

export type ConfigFiles = ReturnType<typeof createConfigFiles>;

/** config.yaml of the nodes, read over SSH, what of it was agreed, and what a change would make of it. */
export function createConfigFiles(deps: {
  db: Db;
  ops: Pick<NodeOps, 'readConfig' | 'readBackup' | 'history'>;
  nodes: PreviewDeps['nodes'] & { get(id: string): Promise<FleetMember> };
  clock: Clock;
}) {
  const { db, ops, nodes } = deps;
  const agreed = createAgreedConfigs(deps);

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

  return {
    ...agreed,
    preview: createPreview(deps),

    async read(nodeId: string): Promise<NodeConfig> {
      const node = await nodes.get(nodeId);
      const { value } = await ops.readConfig(node, { timeoutMs: READ_MS });
      const { drift } = await agreed.seen(nodeId, value.sha256);
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
      const runIds = [...new Set(value.kept.map(({ opsId }) => runIdOf(opsId)))].slice(0, MOST_RUNS);
      const rows =
        runIds.length === 0
          ? []
          : await db
              .selectFrom('runs')
              .innerJoin('runTargets', 'runTargets.runId', 'runs.id')
              .select(['runs.id', 'runbookTitle', 'startedBy'])
              .where('runs.id', 'in', runIds)
              // the ids are the node's word, and its readers may not see other nodes' runs
              .where('runTargets.nodeId', '=', nodeId)
              .execute();
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
