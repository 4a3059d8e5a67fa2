import { readFile } from 'node:fs/promises';
import type { Answer } from './answer.ts';
import { verifyEvidence } from './evidence-verify.ts';
import { lintRunbook } from './runbook-lint.ts';

const USAGE = `usage: headroom evidence verify FILE [--key SHA256:…]   is this evidence as a console signed it?
       headroom runbook lint FILE…                     can the console run this runbook?
Both work offline. Exit codes: 0 good, 1 not good, 2 not asked as above.`;

export async function headroom(args: readonly string[]): Promise<Answer> {
  const [noun, verb, ...rest] = args;
  try {
    if (noun === 'evidence' && verb === 'verify') {
      const [file, flag, key, ...more] = rest;
      const asked = flag === undefined ? {} : flag === '--key' && key !== undefined ? { key } : null;
      if (file !== undefined && asked !== null && more.length === 0) return await verifyEvidence(await readFile(file), asked);
    }
    if (noun === 'runbook' && verb === 'lint' && rest.length > 0) {
      const answers = await Promise.all(rest.map(async (file) => lintRunbook(file, await readFile(file, 'utf8'))));
      return { lines: answers.flatMap((a) => a.lines), code: answers.some((a) => a.code !== 0) ? 1 : 0 };
    }
  } catch (error) {
    return { lines: [`headroom: ${error instanceof Error ? error.message : error}`], code: 2 };
  }
  return { lines: [USAGE], code: 2 };
}

if (import.meta.main) {
  const { lines, code } = await headroom(process.argv.slice(2));
  console.log(lines.join('\n'));
  process.exitCode = code;
}
