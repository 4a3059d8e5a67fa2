import type { DrillFamily } from '#shared/drill-families.ts';
import type { DrillScore } from '#shared/drills.ts';

/** Something that was done to nodes during a drill. Times are epoch ms. */
export type Move = {
  at: number;
  by: string;
  kind: 'evidence' | 'restart' | 'pool-off' | 'pool-change' | 'limit' | 'closed-incident' | 'other';
  nodeIds: readonly string[];
  what: string;
  href: string | null;
};

export type ScoreInput = {
  family: DrillFamily;
  nodeId: string;
  leakedBefore: readonly string[];
  startedAt: number;
  endedAt: number;
  detectedAt: number | null;
  acknowledgedAt: number | null;
  answer: { nodeId: string | null; cause: DrillFamily; at: number } | null;
  hints: number;
  moves: readonly Move[];
};

/**
 * The points, 100 in all. Documented for people in docs/drills.md; each line of the score says what it was given or taken for.
 *
 * cause 25 · node 25 · acknowledged 20 (all of them within 2 minutes of the first signal, none after 10) · evidence 10 · right action 20
 * minus 5 a hint, and for wrong moves, each once per node: a healthy node restarted 15, restarted for a burst 15, restarted with no evidence kept 10,
 * pool flag changed when it is not the pool 10, an incident closed in the honeymoon after a restart 20.
 */
const OF = { cause: 25, node: 25, acknowledged: 20, evidence: 10, action: 20 } as const;
const HINT = 5;
const PENALTY = { healthy: 15, burst: 15, noEvidence: 10, notThePool: 10, honeymoon: 20 } as const;
const ACK_FULL_MS = 2 * 60_000;
const ACK_NONE_MS = 10 * 60_000;
/** A process younger than this has proven nothing: the judgement gives no all-clear before. */
const HONEYMOON_MS = 15 * 60_000;

/** Why a move was wrong, or null. `before` are the moves made before it. */
export function wrongOf(
  move: Move,
  input: Omit<ScoreInput, 'moves'>,
  before: readonly Move[],
): { key: keyof typeof PENALTY; why: string } | null {
  const { family, nodeId, leakedBefore } = input;
  const onIt = move.nodeIds.includes(nodeId);
  switch (move.kind) {
    case 'restart': {
      const healthy = move.nodeIds.filter((id) => id !== nodeId && !leakedBefore.includes(id));
      if (healthy.length > 0) return { key: 'healthy', why: 'a healthy node was restarted' };
      if (!onIt) return null;
      if (family === 'fd-spike') return { key: 'burst', why: 'nothing leaked: the bursts would have gone by themselves' };
      const kept = before.some((one) => one.kind === 'evidence' && one.nodeIds.includes(nodeId) && one.at <= move.at);
      return kept ? null : { key: 'noEvidence', why: 'the restart destroyed the evidence: nothing was kept before' };
    }
    case 'pool-off':
    case 'pool-change':
      return onIt && family !== 'pool-leak' ? { key: 'notThePool', why: 'the pool flag was changed, and it was not the pool' } : null;
    case 'closed-incident': {
      if (!onIt || family === 'fd-spike') return null;
      const restart = before.findLast((one) => one.kind === 'restart' && one.nodeIds.includes(nodeId));
      const young = restart !== undefined && move.at - restart.at < HONEYMOON_MS;
      if (young) return { key: 'honeymoon', why: 'the incident was closed minutes after a restart: a low count then proves nothing' };
      return restart === undefined ? { key: 'honeymoon', why: 'the incident was closed while the fault was still there' } : null;
    }
    default:
      return null;
  }
}

/** Pure: the same drill gives the same score. */
export function scoreDrill(input: ScoreInput): DrillScore {
  const moves = [...input.moves].sort((a, b) => a.at - b.at);
  const { family, nodeId, answer, startedAt } = input;
  const nodeRight = answer === null ? null : answer.nodeId === nodeId || (family === 'fd-spike' && answer.nodeId === null);
  const causeRight = answer === null ? null : answer.cause === family;
  const lines: DrillScore['lines'] = [];
  const line = (key: string, label: string, points: number, of: number, why: string) => lines.push({ key, label, points, of, why });
  const said = (right: boolean | null, yes: string, no: string) => (right === null ? 'no verdict was given' : right ? yes : no);

  line('cause', 'What it was', causeRight ? OF.cause : 0, OF.cause, said(causeRight, 'named rightly', 'named wrongly'));
  line('node', 'Which node', nodeRight ? OF.node : 0, OF.node, said(nodeRight, 'the right one', 'another one'));
  const acknowledged = ackPoints(input);
  line('acknowledged', 'Acknowledged', acknowledged.points, OF.acknowledged, acknowledged.why);
  const evidence = moves.some((move) => move.kind === 'evidence' && move.nodeIds.includes(nodeId));
  line('evidence', 'Evidence kept', evidence ? OF.evidence : 0, OF.evidence, evidence ? 'of the right node' : 'none of the right node');
  const action = rightAction(family, nodeId, moves);
  line('action', 'Right action', action.done ? OF.action : 0, OF.action, action.why);
  if (input.hints > 0) line('hints', `${input.hints} hint${input.hints === 1 ? '' : 's'}`, -HINT * input.hints, 0, `${HINT} points each`);

  const seen = new Set<string>();
  let wrongMoves = 0;
  for (const [i, move] of moves.entries()) {
    const wrong = wrongOf(move, input, moves.slice(0, i));
    if (wrong === null) continue;
    wrongMoves += 1;
    const once = `${wrong.key} ${move.nodeIds.join(' ')}`;
    if (seen.has(once)) continue;
    seen.add(once);
    line(wrong.key, move.what, -PENALTY[wrong.key], 0, wrong.why);
  }
  const total = Math.max(
    0,
    Math.min(
      100,
      lines.reduce((sum, { points }) => sum + points, 0),
    ),
  );
  const seconds = (at: number | null) => (at === null ? null : Math.max(0, Math.round((at - startedAt) / 1000)));
  return {
    ...{ total, of: 100, lines, wrongMoves, nodeRight, causeRight },
    detectSeconds: seconds(input.detectedAt),
    acknowledgeSeconds: seconds(input.acknowledgedAt),
    answerSeconds: seconds(answer?.at ?? null),
  };
}

/** Counted from the first signal; of what gives none (bursts), from the start. */
function ackPoints({ acknowledgedAt, detectedAt, startedAt }: ScoreInput): { points: number; why: string } {
  if (acknowledgedAt === null) return { points: 0, why: 'nobody said "I see it"' };
  const late = Math.max(0, acknowledgedAt - (detectedAt === null ? startedAt : Math.min(detectedAt, acknowledgedAt)));
  const share = Math.min(1, Math.max(0, (ACK_NONE_MS - late) / (ACK_NONE_MS - ACK_FULL_MS)));
  const after = detectedAt !== null && detectedAt <= acknowledgedAt ? 'after the first signal' : 'after the start, before any signal';
  return { points: Math.round(OF.acknowledged * share), why: `${Math.round(late / 1000)} s ${after}` };
}

function rightAction(family: DrillFamily, nodeId: string, moves: readonly Move[]): { done: boolean; why: string } {
  const did = (...kinds: Move['kind'][]) => moves.some((move) => kinds.includes(move.kind) && move.nodeIds.includes(nodeId));
  switch (family) {
    case 'pool-leak': {
      const done = did('pool-off') && did('restart');
      return { done, why: done ? 'pool off and restarted' : 'the pool was to be turned off, with a restart' };
    }
    case 'scrape-blind': {
      const done = did('restart', 'limit');
      return { done, why: done ? 'it was given descriptors again' : 'it served nobody: a restart or a higher limit was due' };
    }
    case 'eof-leak':
    case 'slow-leak': {
      const done = !did('pool-off', 'pool-change');
      return { done, why: done ? 'the pool was left alone' : 'the pool flag has nothing to do with it' };
    }
    case 'fd-spike': {
      const done = !did('restart', 'pool-off', 'pool-change', 'limit');
      return { done, why: done ? 'nothing was touched' : 'there was nothing to do' };
    }
  }
}
