import { z } from 'zod';

export const MANIFEST = 'manifest.json';
export const MANIFEST_MOST_BYTES = 4 * 1024 * 1024;

/** What an archive may hold beside its manifest. The key is not among it, nor is anything of one process (locks, sockets, logs). */
const NAME = /^(?:headroom\.db|metrics\.db|ssh-certificate\.pub|runbooks\/[A-Za-z0-9][A-Za-z0-9._-]{0,150})$/;
export const isBackupName = (name: string): boolean => NAME.test(name) && !name.includes('..');

/** The first file of an archive: what is in it, byte for byte, and what it takes to use it. */
export const manifestSchema = z.object({
  format: z.literal(1),
  product: z.literal('headroom'),
  version: z.string(),
  createdAt: z.string(),
  /** migrations that made the database what it is */
  schema: z.array(z.string()),
  /** id of the key that the secrets in it are sealed with; null: there are none */
  keyId: z.string().nullable(),
  /** the last row of the audit */
  auditHead: z.object({ seq: z.number().int(), hash: z.string() }).nullable(),
  files: z
    .array(z.object({ name: z.string().refine(isBackupName, 'is no name of a backup'), size: z.number().int().min(0), sha256: z.string() }))
    .min(1),
});
export type Manifest = z.infer<typeof manifestSchema>;
