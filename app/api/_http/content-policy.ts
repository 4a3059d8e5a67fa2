import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const INLINE_SCRIPT = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g;

/**
 * Scripts that stand in pages made at build time, as the hashes by which a policy allows exactly them. Pages that are made for a request carry the
 * request's nonce instead, which no page of the build can.
 */
export function inlineScriptHashes(pagesDir: string): string[] {
  const files = fs.existsSync(pagesDir) ? fs.readdirSync(pagesDir, { recursive: true, encoding: 'utf8' }) : [];
  const hashes = new Set<string>();
  for (const file of files.filter((name) => name.endsWith('.html')))
    for (const [, script = ''] of fs.readFileSync(path.join(pagesDir, file), 'utf8').matchAll(INLINE_SCRIPT))
      hashes.add(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [...hashes].sort();
}

/** The Content-Security-Policy of one answer, with a nonce that is good for it alone. */
export function createContentPolicy(scriptHashes: readonly string[]): () => string {
  const before = "default-src 'self'; script-src 'self'";
  const after = [
    ...scriptHashes,
    // A style attribute is how charts and tables are laid out; a style element would be somebody else's.
    "; style-src 'self'; style-src-attr 'unsafe-inline'",
    "; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:",
    "; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  ].join(' ');
  return () => `${before} 'nonce-${randomBytes(16).toString('base64')}' ${after}`.replaceAll(' ;', ';');
}
