import { discoveryOf } from '#shared/discovery.ts';
import { handle } from '../../_http/handle.ts';

/** Prometheus finds the fleet here: http_sd_configs with an API token as bearer. */
export const GET = handle({ permission: 'fleet.read' }, async ({ runtime }) => discoveryOf(await runtime.nodes.list()));
