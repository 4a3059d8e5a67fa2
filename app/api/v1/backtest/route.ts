import { backtestQuerySchema } from '#shared/backtest.ts';
import { handle } from '../../_http/handle.ts';

/** A rule over stored history: when it would have fired, how long before EMFILE, and how often for nothing. Changes nothing. */
export const GET = handle({ permission: 'fleet.read', query: backtestQuerySchema }, ({ runtime, query }) => runtime.backtests.run(query));
