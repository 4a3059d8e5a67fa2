import { z } from 'zod';

/** `paste`: a line per host as one types it, ssh_config or CSV, told apart by the text */
export const IMPORT_FORMATS = ['paste', 'ssh-config', 'ansible-ini', 'ansible-yaml', 'csv'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** POST nodes/import */
export const importRequestSchema = z.object({
  format: z.enum(IMPORT_FORMATS),
  text: z.string().max(900_000, 'must be at most 900,000 characters: split it'),
  /** what the text leaves open, for new nodes; a node that is there keeps what the text does not say */
  defaults: z
    .object({
      user: z.string(),
      sshPort: z.number().int(),
      unit: z.string(),
      configPath: z.string(),
      metricsVia: z.enum(['http', 'ssh', 'none']),
      metricsUrl: z.string(),
      labels: z.record(z.string(), z.string()),
    })
    .partial()
    .default({}),
  /** names of hosts that the person who looked at the plan does not want */
  leaveOut: z.array(z.string().max(200)).max(20_000).default([]),
});
export type ImportRequest = z.input<typeof importRequestSchema>;

/** `left-out`: the request says so; `conflict`: it would be a second node of the same name or address; `invalid`: it is no node as written. None of these is stored. */
export const IMPORT_ACTIONS = ['add', 'change', 'same', 'left-out', 'conflict', 'invalid'] as const;

export const importPlanSchema = z.object({
  /** false: only looked at, nothing is stored */
  stored: z.boolean(),
  counts: z.record(z.enum(IMPORT_ACTIONS), z.number().int()),
  rows: z.array(
    z.object({
      line: z.number().int(),
      name: z.string(),
      action: z.enum(IMPORT_ACTIONS),
      /** how it is reached: sre@10.0.0.1:22 */
      address: z.string(),
      changes: z.array(z.object({ field: z.string(), before: z.string(), after: z.string() })),
      /** why it is a conflict or invalid: what it was, what it should be */
      problems: z.array(z.string()),
    }),
  ),
  /** lines of the text that could not be used (error) or not wholly (note) */
  problems: z.array(z.object({ line: z.number().int(), severity: z.enum(['error', 'note']), message: z.string() })),
});
export type ImportPlan = z.infer<typeof importPlanSchema>;

/** GET nodes/ssh-config: hosts that the console's own account knows. `text` holds only the lines that say how a host is reached. */
export const ownSshConfigSchema = z.object({
  file: z.string(),
  exists: z.boolean(),
  text: z.string(),
  /** Host lines */
  hosts: z.number().int(),
  /** lines that were not handed out: commands, keys, Include */
  leftOut: z.number().int(),
});
export type OwnSshConfig = z.infer<typeof ownSshConfigSchema>;
