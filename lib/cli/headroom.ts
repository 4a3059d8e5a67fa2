import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Answer } from './answer.ts';
import { applyFleet } from './apply.ts';
import { verifyAudit } from './audit-verify.ts';
import { verifyEvidence } from './evidence-verify.ts';
import { lintRunbook } from './runbook-lint.ts';

const DATA_DIRECTORY = ['config', 'backup', 'restore', 'rotate-secret'] as const;
type DataDirectoryCommand = (typeof DATA_DIRECTORY)[number];
const isDataDirectoryCommand = (name: string | undefined): name is DataDirectoryCommand => DATA_DIRECTORY.some((known) => known === name);

const USAGE = `usage: headroom evidence verify FILE [--key SHA256:…]   is this evidence as a console signed it?
       headroom audit verify FILE [--head SEQ:HASH]    is this export of the audit whole and unchanged?
       headroom runbook lint FILE…                     can the console run this runbook?
       headroom apply FILE [--dry-run] [--yes] [--prune]
                                                       make the console's fleet what the file says
       headroom config | backup FILE | restore FILE | rotate-secret
                                                       work on the data directory of this machine; each has its own --help
All but apply work offline. apply asks the console at HEADROOM_URL with the token HEADROOM_TOKEN; without --yes it only shows what it would do,
and its pool changes are runs like any other: in batches, with a way back. Exit codes: 0 good, 1 not good, 2 not asked as above, 78 a wrong setting or key.`;

export async function headroom(args: readonly string[], say: (line: string) => void = () => undefined): Promise<Answer> {
  const [noun, verb, ...rest] = args;
  try {
    if (noun === 'evidence' && verb === 'verify') {
      const [file, flag, key, ...more] = rest;
      const asked = flag === undefined ? {} : flag === '--key' && key !== undefined ? { key } : null;
      if (file !== undefined && asked !== null && more.length === 0) return await verifyEvidence(await readFile(file), asked);
    }
    if (noun === 'audit' && verb === 'verify') {
      const [file, flag, head, ...more] = rest;
      const asked = flag === undefined ? {} : flag === '--head' && head !== undefined ? { head } : null;
      if (file !== undefined && asked !== null && more.length === 0) return await verifyAudit(file, asked);
    }
    if (noun === 'runbook' && verb === 'lint' && rest.length > 0) {
      const answers = await Promise.all(rest.map(async (file) => lintRunbook(file, await readFile(file, 'utf8'))));
      return { lines: answers.flatMap((a) => a.lines), code: answers.some((a) => a.code !== 0) ? 1 : 0 };
    }
    // loaded here: a command that asks a console needs no database
    if (isDataDirectoryCommand(noun)) return await (await import('./data-directory.ts')).dataDirectory(noun, args.slice(1));
    if (noun === 'apply' && verb !== undefined) return await apply(args.slice(1), say);
  } catch (error) {
    return { lines: [`headroom: ${error instanceof Error ? error.message : error}`], code: 2 };
  }
  return { lines: [USAGE], code: 2 };
}

async function apply(args: readonly string[], say: (line: string) => void): Promise<Answer> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      prune: { type: 'boolean', default: false },
    },
  });
  const [file, ...more] = positionals;
  const { HEADROOM_URL: url, HEADROOM_TOKEN: token } = process.env;
  if (file === undefined || more.length > 0) return { lines: [USAGE], code: 2 };
  if (!url || !token)
    return {
      lines: ['headroom apply: set HEADROOM_URL to the console, and HEADROOM_TOKEN to an API token of it (Settings, API tokens)'],
      code: 2,
    };
  const flags = { dryRun: values['dry-run'], yes: values.yes, prune: values.prune };
  const code = await applyFleet(await readFile(file, 'utf8'), { url, token, ...flags, say, sleep: (ms) => setTimeout(ms) });
  return { lines: [], code };
}

if (import.meta.main) {
  const { lines, code } = await headroom(process.argv.slice(2), (line) => console.log(line));
  if (lines.length > 0) console.log(lines.join('\n'));
  process.exitCode = code;
}
