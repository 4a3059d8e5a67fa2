import { backtestQuerySchema } from '#shared/backtest.ts';
import { handle } from '../../_http/handle.ts';

/** A rule over stored history: when it would have fired, how long before EMFILE, and how often for nothing. Changes nothing. */
export const GET = handle({ permission: 'fleet.read', on: 'scoped', query: backtestQuerySchema }, ({ runtime, scope, query }) =>
  runtime.backtests.run(query, scope.only('fleet.read')),
);
