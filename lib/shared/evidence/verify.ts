import { z } from 'zod';
import {
  type Bundle,
  bundleSchema,
  fingerprintOf,
  fromBase64,
  type Manifest,
  manifestSchema,
  receiptSchema,
  sha256Hex,
  writeBundle,
} from './bundle.ts';

export type Verification = {
  /** nothing was found */
  ok: boolean;
  /** each a sentence that names the part and what is wrong with it */
  problems: string[];
  manifest: Manifest | null;
  /** of the key that signed: only who knows the console's own can tell who that was */
  fingerprint: string | null;
  receipts: { total: number /** whose raw output is whole, and has the hash that its receipt names */; whole: number };
};

/** Any changed byte is found. `key`: the fingerprint that must have signed; without it anybody's signature will do. */
export async function verifyBundle(bytes: Uint8Array, options: { key?: string } = {}): Promise<Verification> {
  const result: Verification = { ok: false, problems: [], manifest: null, fingerprint: null, receipts: { total: 0, whole: 0 } };
  const bundle = readBundle(bytes, result.problems);
  if (bundle === null) return result;
  const parsed = manifestSchema.safeParse(parseJson(bundle.manifest));
  if (!parsed.success) {
    result.problems.push('the manifest is not one: it cannot be read');
    return result;
  }
  const manifest = parsed.data;
  result.manifest = manifest;
  result.fingerprint = await fingerprintOf(manifest.publicKey);
  if (!(await isSigned(bundle, manifest))) result.problems.push('the signature is not of this manifest');
  if (options.key !== undefined && options.key !== result.fingerprint)
    result.problems.push(`it was signed by the key ${result.fingerprint}; it should be ${options.key}`);
  result.problems.push(...(await wrongFiles(bundle, manifest)));
  await checkContent(bundle, manifest, result);
  result.ok = result.problems.length === 0;
  return result;
}

function readBundle(bytes: Uint8Array, problems: string[]): Bundle | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    problems.push('the file is not UTF-8 text');
    return null;
  }
  const parsed = bundleSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    problems.push('the file is not an evidence bundle (headroom-evidence/1)');
    return null;
  }
  if (writeBundle(parsed.data) !== text) problems.push('the file is not written as the console writes it: something in it was changed');
  return parsed.data;
}

async function isSigned({ signature, manifest: text }: Bundle, { publicKey }: Manifest): Promise<boolean> {
  const [key, sig] = [fromBase64(publicKey), fromBase64(signature)];
  if (key?.length !== 32 || sig?.length !== 64 || !text.isWellFormed()) return false;
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, sig, new TextEncoder().encode(text));
}

async function wrongFiles(bundle: Bundle, manifest: Manifest): Promise<string[]> {
  const problems: string[] = [];
  const listed = manifest.files.map((f) => f.path);
  for (const path of Object.keys(bundle.files)) if (!listed.includes(path)) problems.push(`${path} is not in the manifest`);
  for (const { path, bytes, sha256 } of manifest.files) {
    const text = bundle.files[path];
    if (text === undefined) problems.push(`${path} is missing`);
    // A lone surrogate has no bytes of its own, so its hash would be another one's too.
    else if (!text.isWellFormed()) problems.push(`${path} holds text that no console writes`);
    else if (new TextEncoder().encode(text).length !== bytes || (await sha256Hex(text)) !== sha256)
      problems.push(`${path} was changed: its sha256 is not the one in the manifest`);
  }
  return problems;
}

const runHead = z.object({ id: z.string(), runbook: z.object({ version: z.string() }) });

/** What the files say about each other. */
async function checkContent(bundle: Bundle, manifest: Manifest, result: Verification): Promise<void> {
  const run = runHead.safeParse(parseJson(bundle.files['run.json'] ?? ''));
  if (!run.success || run.data.id !== manifest.runId) result.problems.push('run.json is not the run of the manifest');
  else if (!(await sha256Hex(bundle.files['runbook.md'] ?? '')).startsWith(run.data.runbook.version))
    result.problems.push('runbook.md is not the text that the run ran');
  const receipts = z.array(receiptSchema).safeParse(parseJson(bundle.files['receipts.json'] ?? ''));
  if (!receipts.success) {
    result.problems.push('receipts.json cannot be read');
    return;
  }
  for (const receipt of receipts.data) {
    result.receipts.total += 1;
    if ((await sha256Hex(receipt.raw)) === receipt.sha256) result.receipts.whole += 1;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
