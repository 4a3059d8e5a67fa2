import type { z } from 'zod';
import type { Session, sessionSchema } from '#shared/access.ts';
import { LEAK_VERDICTS, NODE_STATES } from '#shared/node-states.ts';
import type { Fleet, FleetNode, fleetSchema } from '#shared/nodes.ts';

// The answers that the first page stands on, checked without the schema library, which is a sixth of its script. Field for field what the schemas say:
// a field that is added there and not here does not compile, and the unit test holds the two against each other.

/** Where the value is not as agreed; null when it is. */
type Check = (value: unknown, path: string) => string | null;

const is =
  (...types: readonly string[]): Check =>
  (value, path) =>
    types.includes(value === null ? 'null' : typeof value) ? null : path;
const oneOf =
  (values: readonly string[]): Check =>
  (value, path) =>
    typeof value === 'string' && values.includes(value) ? null : path;
const or =
  (empty: null | undefined, check: Check): Check =>
  (value, path) =>
    value === empty ? null : check(value, path);
const list =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return path;
    for (let i = 0; i < value.length; i++) {
      const wrong = check(value[i], path);
      if (wrong !== null) return `${wrong} of item ${i}`;
    }
    return null;
  };
const record =
  (check: Check): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
    return (
      Object.entries(value)
        .map(([key, part]) => check(part, `${path}.${key}`))
        .find((wrong) => wrong !== null) ?? null
    );
  };
function fields<T>(checks: Record<keyof T & string, Check>): Check {
  const each = Object.entries<Check>(checks);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
    for (const [key, check] of each) {
      const wrong = check(Reflect.get(value, key), path === '' ? key : `${path}.${key}`);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

const text = is('string');
const textOrNull = is('string', 'null');
const figure = is('number');
const figureOrNull = is('number', 'null');
const truth = is('boolean');
type Rate = NonNullable<FleetNode['leak']['perMinute']>;
const rate = or(null, fields<Rate>({ low: figure, mid: figure, high: figure }));

const node = fields<FleetNode>({
  id: text,
  name: text,
  labels: record(text),
  state: oneOf(NODE_STATES),
  stateReason: textOrNull,
  openFds: figureOrNull,
  fdLimit: figureOrNull,
  headroom: figureOrNull,
  explainedFds: figureOrNull,
  unexplainedFds: figureOrNull,
  connectionsActive: figureOrNull,
  acceptedPerSecond: figureOrNull,
  processStart: textOrNull,
  leak: fields<Required<FleetNode['leak']>>({
    verdict: oneOf(LEAK_VERDICTS),
    perMinute: rate,
    per1000Connections: rate,
    missing: is('string', 'undefined'),
    bend: is('number', 'undefined'),
  }),
  timeToEmfileSeconds: or(null, fields<NonNullable<FleetNode['timeToEmfileSeconds']>>({ low: figure, mid: figure, high: figureOrNull })),
  pool: fields<FleetNode['pool']>({ enabled: is('boolean', 'null'), active: figureOrNull, idle: figureOrNull }),
  configSha256: textOrNull,
  drift: truth,
  drill: textOrNull,
  hostKey: fields<FleetNode['hostKey']>({ fingerprint: textOrNull, blocked: truth }),
  activeRunId: textOrNull,
  lastSampleAt: textOrNull,
  sparkline: list(figureOrNull),
});

const fleet = fields<Required<Fleet>>({ asOf: text, nodes: list(node), problem: is('string', 'undefined') });
const session = fields<Session>({
  actor: fields<Required<Session['actor']>>({
    kind: text,
    id: text,
    name: text,
    role: text,
    grants: or(undefined, list(fields<NonNullable<Session['actor']['grants']>[number]>({ role: text, selector: textOrNull }))),
  }),
  demo: truth,
});

/** Dressed as the schema whose answer it checks: all that the client asks of a schema is safeParse. */
function asSchema<S extends z.ZodType>(check: Check): S {
  const safeParse = (json: unknown) => {
    const wrong = check(json, '');
    return wrong === null
      ? { success: true, data: json }
      : { success: false, error: { issues: [{ path: [wrong], message: 'not as agreed' }] } };
  };
  return { safeParse } as unknown as S;
}

export const fleetShape = asSchema<typeof fleetSchema>(fleet);
export const sessionShape = asSchema<typeof sessionSchema>(session);
