import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read' }, ({ runtime }) => runtime.fleet.view());
