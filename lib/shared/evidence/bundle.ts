import { z } from 'zod';
import { evidenceSchema } from '../runs.ts';
import { instantSchema } from '../time.ts';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be the hex sha256');

/** What is signed, as exactly this text: every file's hash, and the key that signs. */
export const manifestSchema = z.strictObject({
  runId: z.string(),
  exportedAt: instantSchema,
  exportedBy: z.string(),
  /** ed25519, the 32 bytes in base64 */
  publicKey: z.string(),
  files: z.array(z.strictObject({ path: z.string().regex(/^[a-z0-9][a-zA-Z0-9._/-]*$/), bytes: z.number().int(), sha256: sha256Schema })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** One file: `files` by path, `manifest` the JSON text over them, `signature` (ed25519, base64) over that text. */
export const bundleSchema = z.strictObject({
  format: z.literal('headroom-evidence/1'),
  manifest: z.string(),
  signature: z.string(),
  files: z.record(z.string(), z.string()),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** `receipts.json`: every receipt of every attempt, in the order in which they were stored. */
export const receiptSchema = evidenceSchema.extend({ nodeId: z.string(), node: z.string(), step: z.string(), attempt: z.number().int() });
export type StoredReceipt = z.infer<typeof receiptSchema>;

/** The one way to write a bundle. A file that is written otherwise was changed, also where it says the same. */
export const writeBundle = ({ format, manifest, signature, files }: Bundle): string =>
  `${JSON.stringify({ format, manifest, signature, files }, null, 1)}\n`;

export const sha256Hex = async (text: string | Uint8Array<ArrayBuffer>): Promise<string> => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
};

/** Null when the text is not exactly how these bytes are written in base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return btoa(String.fromCharCode(...bytes)) === text ? bytes : null;
}

/** How people compare keys, in the form of ssh-keygen: SHA256:… of the key's bytes. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', fromBase64(publicKey) ?? new Uint8Array()));
  return `SHA256:${btoa(String.fromCharCode(...digest)).replace(/=+$/, '')}`;
}
