import { readFile } from 'node:fs/promises';
import { applyFleet } from './apply.ts';
import { openConsole } from './ask.ts';
import type { Command } from './command.ts';
import { exportFleet } from './export.ts';

export const FLEET_COMMANDS: readonly Command[] = [
  {
    name: 'export',
    group: 'Fleet as code',
    summary: 'write the fleet as a file that apply takes',
    about: ['YAML: which nodes there are, without what is the default. Applied to the same console it has nothing to do.'],
    takes: [],
    options: {
      pools: { help: 'also whether each node’s config.yaml has the pool on, which asks every node' },
      json: { help: 'JSON instead of YAML' },
    },
    examples: [
      { line: 'headroom export > fleet.yaml', does: 'begin with the fleet as it is' },
      { line: 'headroom export --pools > fleet.yaml', does: 'with the pool of every node' },
    ],
    exits: { 0: 'written', 1: 'written, but a node’s config.yaml could not be read' },
    output: 'words',
    asks: true,
    run: exportFleet,
  },
  {
    name: 'apply',
    group: 'Fleet as code',
    summary: 'make the console’s fleet what the file says',
    about: [
      'Without --yes it only shows what it would do.',
      'The registry is changed node by node; the pools by runs of pool-settings like any other: in batches, each node with a way back. It waits for them.',
    ],
    takes: [{ name: 'FILE', help: 'as headroom export writes it', optional: true, file: true }],
    options: {
      file: { value: 'FILE', short: 'f', help: 'the same, said as an option' },
      'dry-run': { help: 'only show, also with --yes' },
      yes: { help: 'do it' },
      prune: { help: 'take out nodes that are not in the file' },
    },
    examples: [
      { line: 'headroom apply fleet.yaml --dry-run', does: 'what differs?' },
      { line: 'headroom apply fleet.yaml --yes', does: 'make it so' },
    ],
    exits: { 0: 'as the file says now', 1: 'something is not, or was not done yet', 2: 'the file cannot be applied, or was refused' },
    output: 'words',
    asks: true,
    run: async (call) => {
      const file = call.args[0] ?? call.value('file');
      if (file === undefined) return { lines: ['headroom apply: FILE is missing: as headroom export writes it'], code: 2, error: true };
      const { http, url } = openConsole(call);
      const flags = { dryRun: call.flag('dry-run'), yes: call.flag('yes'), prune: call.flag('prune') };
      return { lines: [], code: await applyFleet(await readFile(file, 'utf8'), { http, url, ...flags, say: call.say, sleep: call.sleep }) };
    },
  },
];
