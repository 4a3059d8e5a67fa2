import type { Db } from '#server/db/index.ts';
import { DRILLS } from '#shared/drill-families.ts';
import { type Drill, drillSchema, drillScoreSchema } from '#shared/drills.ts';
import { toInstant } from '#shared/time.ts';
import { hintText, RUNGS } from './hints.ts';
import { movesBetween } from './moves.ts';
import { type Move, type ScoreInput, scoreDrill, wrongOf } from './score.ts';
import { answerOf, type DrillRow, hintsOf, inPlayOf, secretOf } from './secret.ts';

const at = (ms: number | null) => (ms === null ? null : toInstant(ms));

/** A drill as everybody may see it: until it is over without the node and the family, and without a judgement of the moves. */
export async function readDrill(db: Db, row: DrillRow, now: number, options: { moves: boolean } = { moves: true }): Promise<Drill> {
  const over = row.status === 'ended';
  const inPlay = inPlayOf(row);
  const secret = secretOf(row);
  const answer = answerOf(row);
  const named = (nodeId: string) => inPlay.find((node) => node.nodeId === nodeId)?.name ?? null;
  const moves = options.moves && row.startedAt !== null ? await movesBetween(db, row.startedAt, row.endedAt ?? now) : [];
  const names = await namesOf(db, moves);
  const input = over ? inputOf(row) : null;
  return drillSchema.parse({
    ...{ id: row.id, status: row.status, startedBy: row.startedBy, minutes: row.minutes, ended: row.ended, why: row.why, inPlay },
    ...{ createdAt: toInstant(row.createdAt), startedAt: at(row.startedAt), endsAt: at(row.endsAt), endedAt: at(row.endedAt) },
    detectedAt: at(row.detectedAt),
    acknowledged: row.acknowledgedAt === null ? null : { at: toInstant(row.acknowledgedAt), by: row.acknowledgedBy ?? 'somebody' },
    hints: hintsOf(row).map(({ rung, at: given }) => ({ rung, at: toInstant(given), text: hintText(rung, secret, inPlay) })),
    hintsLeft: row.status === 'running' ? RUNGS - hintsOf(row).length : 0,
    answer:
      answer === null ? null : { ...answer, at: toInstant(answer.at), nodeName: answer.nodeId === null ? null : named(answer.nodeId) },
    moves: moves.map((move, i) => ({
      ...{ at: toInstant(move.at), by: move.by, what: move.what, href: move.href },
      nodes: move.nodeIds.map((id) => names.get(id) ?? id),
      wrong: input === null ? null : (wrongOf(move, input, moves.slice(0, i))?.why ?? null),
    })),
    reveal: over ? revealOf(row, moves, names) : null,
    score: row.score === null ? null : drillScoreSchema.parse(JSON.parse(row.score)),
  });
}

function inputOf(row: DrillRow): Omit<ScoreInput, 'moves'> | null {
  const { family, nodeId, leakedBefore } = secretOf(row);
  if (nodeId === null || row.startedAt === null) return null;
  return {
    ...{ family, nodeId, leakedBefore, startedAt: row.startedAt, endedAt: row.endedAt ?? row.startedAt },
    ...{ detectedAt: row.detectedAt, acknowledgedAt: row.acknowledgedAt, answer: answerOf(row), hints: hintsOf(row).length },
  };
}

/** As of its end; null of one that no node took. */
export async function scoreRow(db: Db, row: DrillRow): Promise<ReturnType<typeof scoreDrill> | null> {
  const input = inputOf(row);
  return input === null ? null : scoreDrill({ ...input, moves: await movesBetween(db, input.startedAt, input.endedAt) });
}

function revealOf(row: DrillRow, moves: readonly Move[], names: ReadonlyMap<string, string>): Drill['reveal'] {
  const { family, nodeId, nodeName } = secretOf(row);
  if (nodeId === null) return null;
  const { what, where, right } = DRILLS[family];
  const edited = [
    ...new Set(moves.filter((move) => move.kind === 'pool-off' || move.kind === 'pool-change').flatMap((move) => move.nodeIds)),
  ];
  const left =
    edited.length === 0
      ? null
      : `The fault is gone; what people changed stays: config.yaml of ${edited.map((id) => names.get(id) ?? id).join(', ')}. The runbook config-rollback puts it back.`;
  return { nodeId, nodeName: nodeName ?? nodeId, family, what, where: [...where], right, left };
}

async function namesOf(db: Db, moves: readonly Move[]): Promise<Map<string, string>> {
  const ids = [...new Set(moves.flatMap((move) => move.nodeIds))];
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('nodes').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
