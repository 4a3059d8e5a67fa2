import { HeadroomError } from '#server/kernel/errors.ts';
import type { Drill, DrillList, DrillScore } from '#shared/drills.ts';
import type { DrillsDeps } from './deps.ts';
import { eligibleNodes } from './eligible.ts';
import { createDrillLoop } from './loop.ts';
import { createReplays } from './replay.ts';
import { drillNotFound } from './secret.ts';
import { acknowledgeDrill, answerDrill, hintDrill, startDrill, stopDrill } from './verbs.ts';
import { readDrill } from './view.ts';

export type Drills = ReturnType<typeof createDrills>;

const LIST_LIMIT = 30;

/** Rehearsals on nodes that allow it: a fault is ordered there, people look for it, and the end tells what it was and how they did. */
export function createDrills(deps: DrillsDeps) {
  const { db, clock } = deps;
  const loop = createDrillLoop(deps);
  const row = async (id: string) => {
    const found = await db.selectFrom('drills').selectAll().where('id', '=', id).executeTakeFirst();
    if (!found) throw drillNotFound(id);
    return found;
  };
  return {
    /** the verb that starts one on the nodes as they are now */
    startVerb: async (selector?: string) => startDrill(await eligibleNodes(deps, selector), deps.random ?? Math.random),
    verbs: { stop: stopDrill, acknowledge: acknowledgeDrill, hint: hintDrill, answer: answerDrill },
    start: loop.start,
    stop: loop.stop,
    /** goes on at once with what was just asked for */
    kick: loop.kick,
    replays: createReplays(deps),
    get: async (id: string): Promise<Drill> => readDrill(db, await row(id), clock.now()),
    async score(id: string): Promise<DrillScore> {
      const found = await row(id);
      const { score } = await readDrill(db, found, clock.now(), { moves: false });
      if (score === null)
        throw new HeadroomError('drill.wrong-state', `The drill is ${found.status}: its score is told when it has ended.`);
      return score;
    },
    async list(): Promise<DrillList> {
      const rows = await db.selectFrom('drills').selectAll().orderBy('createdAt', 'desc').limit(LIST_LIMIT).execute();
      const drills: Drill[] = [];
      for (const one of rows) drills.push(await readDrill(db, one, clock.now(), { moves: one.status !== 'ended' }));
      const { nodes, why } = await eligibleNodes(deps);
      return { drills, eligible: nodes.length, why };
    },
  };
}
