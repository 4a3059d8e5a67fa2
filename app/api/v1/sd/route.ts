import { discoveryOf } from '#shared/discovery.ts';
import { handle } from '../../_http/handle.ts';

/** Prometheus finds the fleet here: http_sd_configs with an API token as bearer. */
export const GET = handle({ permission: 'fleet.read', on: 'scoped' }, async ({ runtime, scope }) =>
  discoveryOf((await runtime.nodes.list()).filter(scope.only('fleet.read'))),
);
