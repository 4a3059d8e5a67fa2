import { recordingSchema, replayQuerySchema } from '#shared/recordings.ts';
import { handle } from '../../../_http/handle.ts';

/** The recording that comes with the console, or a stretch of a node's own history, through the judgement of today. Changes nothing. */
export const GET = handle({ permission: 'drill.read', on: 'scoped', query: replayQuerySchema }, async ({ runtime, scope, query }) => {
  const { replays } = runtime.drills;
  if (query.node === undefined) return replays.shipped();
  return replays.replay(await replays.record(await scope.node('fleet.read', query.node), query));
});

/** The same of a file. Nothing of it is kept. */
export const POST = handle({ permission: 'drill.read', on: 'any', body: recordingSchema }, ({ runtime, body }) =>
  runtime.drills.replays.replay(body),
);
