// `node scripts/notices.ts`: writes THIRD_PARTY_NOTICES.md, what of other people's work the console runs with, and on what terms.
// Of the packages that development alone needs nothing is delivered, so they are not in it.
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
type Entry = { version?: string; license?: string; dev?: boolean; devOptional?: boolean; link?: boolean };

/** From the lock file's own words: nothing need be installed for it, and packages for other platforms are named too. */
export function notices(): string {
  const lock: { packages: Record<string, Entry> } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const delivered = Object.entries(lock.packages).filter(
    ([where, entry]) => where.includes('node_modules/') && !entry.dev && !entry.devOptional && !entry.link,
  );
  const lines = delivered.map(([where, entry]) => {
    const name = where.split('node_modules/').at(-1) ?? where;
    return `| ${name} | ${entry.version ?? ''} | ${entry.license ?? 'in the package'} |`;
  });
  return `# Third-party notices

Headroom is under the Apache License 2.0 (LICENSE). It runs with these packages, each under its own licence, whose text is in the package. Made by
\`node scripts/notices.ts\` from the lock file.

| package | version | licence |
|---|---|---|
${[...new Set(lines)].sort().join('\n')}
`;
}

if (import.meta.main) fs.writeFileSync(path.join(root, 'THIRD_PARTY_NOTICES.md'), notices());
