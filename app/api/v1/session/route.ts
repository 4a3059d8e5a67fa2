import { handle } from '../../_http/handle.ts';
import { toSession } from '../../_http/session-answer.ts';

export const GET = handle({ permission: 'self.read', on: 'any' }, ({ runtime, actor }) => toSession(runtime, actor));
