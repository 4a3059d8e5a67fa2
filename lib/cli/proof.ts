import { readFile } from 'node:fs/promises';
import { verifyAudit } from './audit-verify.ts';
import type { Command } from './command.ts';
import { verifyEvidence } from './evidence-verify.ts';
import { lintRunbook } from './runbook-lint.ts';

/** What can be proven without a console: nothing here asks one. */
export const PROOF_COMMANDS: readonly Command[] = [
  {
    name: 'evidence verify',
    group: 'Proof',
    summary: 'prove that the evidence of a run is as a console signed it',
    about: ['Without --key it shows the key that signed it; compare it with GET /api/v1/runs/evidence-key of the console.'],
    takes: [{ name: 'FILE', help: 'as it was exported from a run', file: true }],
    options: { key: { value: 'SHA256:…', help: 'the fingerprint of the key that must have signed it' } },
    examples: [{ line: 'headroom evidence verify R-4F2K9.tar', does: 'was anything changed in it?' }],
    exits: { 0: 'as it was signed', 1: 'not as it was signed, or by another key', 2: 'not asked as above, or the file cannot be read' },
    output: 'words',
    run: async (call) => {
      const key = call.value('key');
      return verifyEvidence(await readFile(call.args[0] ?? ''), key === undefined ? {} : { key });
    },
  },
  {
    name: 'audit verify',
    group: 'Proof',
    summary: 'prove that an export of the audit is whole and unchanged',
    about: ['That no row was cut off at the end only a head proves that was noted elsewhere: give it with --head.'],
    takes: [{ name: 'FILE', help: 'as GET /api/v1/audit/export gives it', file: true }],
    options: { head: { value: 'SEQ:HASH', help: 'a head that was noted earlier, which must be in it' } },
    examples: [{ line: 'headroom audit verify audit.jsonl --head 812:9f3c…', does: 'is all of it there that was there then?' }],
    exits: { 0: 'whole and unchanged', 1: 'not whole, or changed', 2: 'not asked as above, or the file cannot be read' },
    output: 'words',
    run: (call) => {
      const head = call.value('head');
      return verifyAudit(call.args[0] ?? '', head === undefined ? {} : { head });
    },
  },
  {
    name: 'runbook lint',
    group: 'Proof',
    summary: 'say whether the console can run a runbook, and if not, in which line it is wrong',
    about: [],
    takes: [{ name: 'FILE', help: 'Markdown with steps in it', many: true, file: true }],
    options: {},
    examples: [{ line: 'headroom runbook lint runbooks/*.md', does: 'before they are committed' }],
    exits: { 0: 'all can be run', 1: 'one cannot; the line is named', 2: 'not asked as above, or a file cannot be read' },
    output: 'words',
    run: async ({ args }) => {
      const answers = await Promise.all(args.map(async (file) => lintRunbook(file, await readFile(file, 'utf8'))));
      return { lines: answers.flatMap((a) => a.lines), code: answers.some((a) => a.code !== 0) ? 1 : 0 };
    },
  },
];
