import type { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type IMPORT_ACTIONS, type ImportFormat, type ImportPlan, importRequestSchema } from '#shared/node-import.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { reach, toColumns, toMember } from '../row.ts';
import { assertMayChange } from '../verbs.ts';
import { parseAnsibleIni } from './ansible-ini.ts';
import { parseAnsibleYaml } from './ansible-yaml.ts';
import { parseCsv } from './csv.ts';
import { linesOf, MOST_LINES, type Parsed } from './parsed.ts';
import { parsePaste } from './paste.ts';
import { type Planned, planImport } from './plan.ts';
import { parseSshConfig } from './ssh-config.ts';

const PARSERS: Record<ImportFormat, (text: string) => Parsed> = {
  paste: parsePaste,
  'ssh-config': parseSshConfig,
  'ansible-ini': parseAnsibleIni,
  'ansible-yaml': parseAnsibleYaml,
  csv: parseCsv,
};

function parseNodes(format: ImportFormat, text: string): Parsed {
  const lines = linesOf(text).length;
  if (lines <= MOST_LINES) return PARSERS[format](text);
  const message = `the text has ${lines} lines: at most ${MOST_LINES} are read, split it`;
  return { found: [], problems: [{ line: MOST_LINES + 1, severity: 'error', message }] };
}

/** What an import would do. Stores nothing. */
export function previewImport(request: z.output<typeof importRequestSchema>, registry: readonly FleetMember[]): ImportPlan {
  const parsed = parseNodes(request.format, request.text);
  return inWords(planImport(parsed, request.defaults, registry, new Set(request.leaveOut)), parsed, false);
}

/** Stores what can be stored, all of it or nothing; conflicts and lines that are no node are left out and named in the answer. */
export const importNodes: Verb<typeof importRequestSchema, Tx, ImportPlan> = {
  name: 'node.import',
  permission: 'node.write',
  input: importRequestSchema,
  async run(tx, { format, text, defaults, leaveOut }, { now }) {
    const registry = (await tx.selectFrom('nodes').selectAll().execute()).map(toMember);
    const parsed = parseNodes(format, text);
    const planned = planImport(parsed, defaults, registry, new Set(leaveOut));
    const [before, after]: [FleetMember[], FleetMember[]] = [[], []];
    for (const { node, existing } of planned) {
      if (!node) continue;
      if (existing) {
        await assertMayChange(tx, existing, node);
        const version = existing.version + 1;
        await tx
          .updateTable('nodes')
          .set({ ...toColumns(node), version })
          .where('id', '=', existing.id)
          .execute();
        before.push(existing);
        after.push({ ...existing, ...node, ...reach(node), version });
      } else {
        const row = { ...toColumns(node), id: newId('n', now), version: 1, createdAt: now };
        await tx.insertInto('nodes').values(row).execute();
        after.push(toMember(row));
      }
    }
    return {
      result: inWords(planned, parsed, true),
      object: 'nodes',
      before,
      after,
      events: after.map(({ id }) => ({ type: 'node.changed', nodeId: id })),
    };
  },
};

function inWords(planned: readonly Planned[], { problems }: Parsed, stored: boolean): ImportPlan {
  const rows = planned.map(({ row }) => row);
  const of = (action: (typeof IMPORT_ACTIONS)[number]) => rows.filter((row) => row.action === action).length;
  const counts = {
    ...{ add: of('add'), change: of('change'), same: of('same') },
    ...{ 'left-out': of('left-out'), conflict: of('conflict'), invalid: of('invalid') },
  };
  return { stored, counts, rows, problems: [...problems].sort((a, b) => a.line - b.line) };
}
