import { z } from 'zod';
import { type FleetMember, type NodeInput, nodeInputSchema } from './nodes.ts';
import { poolSettingsParamsSchema, strategySchema } from './runs.ts';
import { yamlValue } from './yaml-value.ts';

/** Thousands of nodes fit; nothing that people write comes near this. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The fleet as a file: which nodes there are, and what their pools should be. What a node leaves out is the default, as in POST nodes. */
export const fleetFileSchema = z
  .strictObject({
    nodes: z.array(nodeInputSchema.strict()).max(10_000).default([]),
    pool: z
      .array(z.strictObject({ selector: z.string().min(1).max(2000), settings: poolSettingsParamsSchema.strict() }))
      .max(100)
      .default([]),
    strategy: strategySchema.partial().default({}),
  })
  .superRefine(({ nodes }, context) => {
    const seen = new Set<string>();
    for (const [i, { name }] of nodes.entries()) {
      if (seen.has(name)) context.addIssue({ code: 'custom', path: ['nodes', i, 'name'], message: `${name} is there twice` });
      seen.add(name);
    }
  });
export type FleetFile = z.infer<typeof fleetFileSchema>;

export class FleetFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FleetFileError';
  }
}

/** Throws FleetFileError with the place and what should stand there. */
export function parseFleetFile(text: string): FleetFile {
  if (text.length > MAX_BYTES) throw new FleetFileError(`the file is longer than ${MAX_BYTES / 1024 / 1024} MiB`);
  const read = yamlValue(text);
  if (!read.ok) throw new FleetFileError(`line ${read.problem.line}: it is not YAML: ${read.problem.message}`);
  const parsed = fleetFileSchema.safeParse(read.value ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FleetFileError(`${issue?.path.join('.') || 'the file'}: ${issue?.message}`);
}

export type FleetPlan = {
  add: NodeInput[];
  /** `fields`: what differs, by name */
  change: { id: string; version: number; node: NodeInput; fields: string[] }[];
  /** registered and not in the file */
  extra: FleetMember[];
  same: number;
};

const FIELDS = Object.keys(nodeInputSchema.shape) as (keyof NodeInput)[];
/** Absent, null and undefined are the same to the registry. */
const bare = (value: unknown): string => JSON.stringify(value ?? null, (_key, v) => (isRecord(v) ? sorted(v) : v));
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const sorted = (value: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v != null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
const DEFAULTS: Partial<Record<keyof NodeInput, unknown>> = { transport: 'ssh2' };

/** What it takes to make the registry say what the file says. Nodes are known by their names. */
export function planFleet(file: Pick<FleetFile, 'nodes'>, members: readonly FleetMember[]): FleetPlan {
  const byName = new Map(members.map((m) => [m.name, m]));
  const plan: FleetPlan = { add: [], change: [], extra: [], same: 0 };
  for (const node of file.nodes) {
    const member = byName.get(node.name);
    byName.delete(node.name);
    if (member === undefined) {
      plan.add.push(node);
      continue;
    }
    const fields = FIELDS.filter((f) => bare(node[f] ?? DEFAULTS[f]) !== bare(member[f] ?? DEFAULTS[f]));
    if (fields.length === 0) plan.same += 1;
    else plan.change.push({ id: member.id, version: member.version, node, fields });
  }
  plan.extra = [...byName.values()];
  return plan;
}
