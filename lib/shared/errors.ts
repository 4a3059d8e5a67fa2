import { z } from 'zod';

/**
 * The one table of error codes: code → HTTP status → title. `detail` is written where the error is raised and must name the thing,
 * what it was and what it should be. Clients match on `code`, never on words.
 */
export const ERROR_CODES = {
  'request.invalid': { status: 422, title: 'The request is not valid' },
  'request.not-json': { status: 400, title: 'The request body is not JSON' },
  'request.too-large': { status: 413, title: 'The request body is too large' },
  'request.not-found': { status: 404, title: 'There is no such page' },
  'request.method-not-allowed': { status: 405, title: 'This path does not take this method' },
  'request.precondition-required': { status: 428, title: 'If-Match is required' },
  'request.precondition-failed': { status: 412, title: 'The object changed meanwhile' },
  'request.rate-limited': { status: 429, title: 'Too many requests' },
  'request.idempotency-conflict': { status: 409, title: 'This Idempotency-Key was used with another body' },
  'auth.required': { status: 401, title: 'Sign in, or send a valid API token' },
  'auth.forbidden': { status: 403, title: 'You may not do this' },
  'auth.invalid-credentials': { status: 401, title: 'E-mail or password is wrong' },
  'auth.setup-done': { status: 409, title: 'An admin exists already' },
  'auth.locked-out': { status: 429, title: 'Too many failed sign-ins' },
  'auth.bad-setup-link': { status: 403, title: 'The setup link is not valid' },
  'auth.bad-origin': { status: 403, title: 'The request came from another site' },
  'node.not-found': { status: 404, title: 'There is no such node' },
  'node.no-process': { status: 409, title: 'The service has no process to look at' },
  'xray.look-not-found': { status: 404, title: 'There is no such look' },
  'node.name-taken': { status: 409, title: 'A node has this name already' },
  'node.busy': { status: 409, title: 'Another run is changing this node' },
  'selector.invalid': { status: 422, title: 'The selector cannot be read' },
  'selector.no-match': { status: 422, title: 'The selector matches no node' },
  'runbook.not-found': { status: 422, title: 'There is no such runbook' },
  'runbook.invalid': { status: 422, title: 'The runbook cannot be read' },
  'run.not-found': { status: 404, title: 'There is no such run' },
  'run.wrong-state': { status: 409, title: 'The run is in another state' },
  'run.closed': { status: 409, title: 'Its nodes may not be changed now' },
  'run.same-person': { status: 403, title: 'A second person must agree' },
  'rule.not-found': { status: 404, title: 'There is no such rule' },
  'channel.not-found': { status: 404, title: 'There is no such channel' },
  'channel.name-taken': { status: 409, title: 'A channel has this name already' },
  'channel.not-allowed': { status: 422, title: 'The channel may not lead there' },
  'silence.not-found': { status: 404, title: 'There is no such silence' },
  'silence.over': { status: 409, title: 'The silence has ended' },
  'delivery.not-found': { status: 404, title: 'There is no such delivery' },
  'delivery.wrong-state': { status: 409, title: 'The delivery is in another state' },
  'alert-rule.not-found': { status: 404, title: 'There is no such alert rule' },
  'runs.stopped': { status: 409, title: 'All runs are stopped' },
  'gate.not-waiting': { status: 409, title: 'This gate is not waiting for an answer' },
  'ssh.unreachable': { status: 502, title: 'SSH to the node does not answer' },
  'ssh.timeout': { status: 504, title: 'SSH to the node took too long' },
  'ssh.auth-failed': { status: 502, title: 'The node refused our SSH key' },
  'ssh.host-key-changed': { status: 409, title: 'The host key of the node changed' },
  'ssh.host-key-unknown': { status: 409, title: 'The host key of the node is not approved yet' },
  'ssh.command-failed': { status: 502, title: 'A command on the node failed' },
  'config.not-found': { status: 502, title: 'config.yaml is not there' },
  'config.invalid': { status: 422, title: 'config.yaml cannot be read' },
  'config.changed': { status: 409, title: 'config.yaml changed meanwhile' },
  'token.not-found': { status: 404, title: 'There is no such token' },
  'server.unavailable': { status: 503, title: 'The console is starting or stopping' },
  'server.timeout': { status: 504, title: 'The console took too long to answer' },
  'server.internal': { status: 500, title: 'Something went wrong in the console' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** RFC 9457 problem details; content type application/problem+json. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
  /** one entry per wrong field, path as in the request body */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
