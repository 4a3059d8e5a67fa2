import { handle } from '../../_http/handle.ts';

/** The person's own. */
export const GET = handle({ permission: 'self.read', on: 'any' }, async ({ runtime, actor }) => ({
  sessions: await runtime.access.sessions(actor),
}));

/** All but the one that asks. */
export const DELETE = handle({ permission: 'self.write', on: 'any' }, ({ runtime, actor }) =>
  runtime.command(actor, runtime.access.accountVerbs.endOtherSessions, {}),
);
