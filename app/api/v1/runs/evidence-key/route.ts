import { handle } from '../../../_http/handle.ts';

/** The public half of the key that signs evidence: who keeps it can tell this console's bundles from anybody else's. */
export const GET = handle({ permission: 'run.read', on: 'any' }, ({ runtime }) => runtime.runs.evidenceKey());
