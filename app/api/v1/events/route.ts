import { eventStream } from '../../_http/event-stream.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read' }, ({ runtime, request }) =>
  eventStream(runtime.events, request, async () => (await runtime.access.authenticate(request.headers)) !== null),
);
