/** What becomes of a command that a guide shows. `run` ones are typed against a real console in the order of this table; exit codes of lib/cli/answer.ts. */
export type Shown =
  | { begins: string; run: readonly number[]; says?: RegExp; orBusy?: true }
  | { begins: string; by: string }
  | { begins: string; reason: string };

const END_TO_END = 'test/e2e/support/demo.ts';
const BACKUP = 'test/integration/operations/backup.test.ts';

/** The first row that a command begins with is its row; what no row tells of fails the test, and so does a row that no guide shows. */
export const SHOWN: readonly Shown[] = [
  { begins: 'npm run demo', by: END_TO_END },
  { begins: 'npm test', reason: 'it is what runs this test' },
  { begins: 'npm start', reason: 'builds the pages first; what it starts then is started by test/support/console-process.ts' },
  {
    begins: 'HEADROOM_ROLE=web',
    reason: 'two machines on one PostgreSQL; test/bench/failover.ts and test/integration/workers do so on one',
  },
  { begins: 'HEADROOM_ROLE=worker', reason: 'as the line above it' },
  { begins: 'node --test test/unit/detect', reason: 'a suite of its own in npm test' },
  { begins: 'HEADROOM_TEST_DATA=DIR', reason: 'the labelled traces lie beside some checkouts only' },
  { begins: 'amtool', by: 'test/integration/notify/amtool.test.ts' },
  { begins: 'sudo ./headroom-node-install', by: 'test/fleet/hosts.ts' },
  { begins: 'sudo install -d', by: 'test/fleet/upgrade.ts' },
  { begins: 'sudo ln -s', by: 'test/fleet/upgrade.ts' },
  { begins: 'sudo systemctl edit', reason: 'opens an editor; test/fleet/upgrade.ts writes the same file' },
  { begins: 'PORT=8080', reason: 'is npm start' },
  { begins: 'headroom demo', by: END_TO_END },
  { begins: 'export HEADROOM_', reason: 'the settings of whoever reads it; this test sets them' },
  { begins: 'source <(headroom completion', by: 'test/unit/cli/completion.test.ts' },
  { begins: 'headroom completion fish', by: 'test/unit/cli/completion.test.ts' },
  { begins: 'headroom rotate-secret', by: BACKUP },
  { begins: 'HEADROOM_DATA_DIR=/var/lib/headroom headroom restore', by: BACKUP },
  { begins: 'headroom restore', by: BACKUP },
  { begins: 'headroom backup', by: BACKUP },
  { begins: 'headroom move', by: 'test/integration/postgres/move.test.ts' },
  { begins: 'createdb', reason: 'is PostgreSQL’s own; the test of the move makes its databases' },
  { begins: 'headroom evidence verify', by: 'test/integration/runs/evidence.test.ts' },
  { begins: 'headroom audit verify', by: 'test/integration/http/audit-export.test.ts' },
  { begins: 'headroom help', run: [0], says: /runs start RUNBOOK/ },
  { begins: 'headroom config', run: [0, 78] },
  { begins: 'headroom runbook lint', run: [0] },
  { begins: 'curl -H', run: [0], says: /"nodes"/ },
  { begins: 'headroom nodes ls', run: [0] },
  // edge-fra-03 is on a network that is not there
  { begins: 'headroom nodes add', run: [0], says: /edge-fra-03/ },
  { begins: 'headroom nodes import', run: [0, 1] },
  { begins: 'headroom nodes check', run: [1], says: /"ok":false/ },
  { begins: 'headroom runs ls', run: [0] },
  // nothing answers at the node's port, so a run ends in its first step: 1, or 3 where a person is asked; 130 where the test leaves it; a node carries one run at a time; --pools and apply say 1 of a node that does not answer
  { begins: 'headroom runs start', run: [0, 1, 3, 130], orBusy: true },
  { begins: 'headroom runs watch', run: [0, 1, 3, 130] },
  { begins: 'headroom runs answer', run: [0, 2, 3] },
  { begins: 'headroom runs pause', run: [0, 2] },
  { begins: 'headroom runs resume', run: [0, 2] },
  { begins: 'headroom runs abort', run: [0, 2] },
  { begins: 'headroom runs stop-all', run: [0] },
  { begins: 'headroom runs allow', run: [0] },
  { begins: 'headroom incidents ls', run: [0] },
  // there is no INC-12 here: the refusal is what is checked
  { begins: 'headroom incidents ack', run: [2] },
  { begins: 'headroom export', run: [0, 1] },
  { begins: 'headroom apply', run: [0, 1] },
];

/** The commands in the fenced blocks of a guide, comments taken off: blocks marked `sh`, and those without a mark. */
export function commandsIn(guide: string): string[] {
  const commands: string[] = [];
  let fence: { mark: string; shell: boolean } | null = null;
  for (const line of guide.split('\n')) {
    const [, mark = '', language = ''] = /^\s*(`{3,})(\w*)/.exec(line) ?? [];
    if (mark !== '' && fence === null) fence = { mark, shell: language === 'sh' || language === '' };
    else if (mark !== '' && mark === fence?.mark) fence = null;
    else if (fence?.shell && line.trim() !== '' && !/^\s*#/.test(line)) commands.push(line.replace(/\s+#\s.*$/, '').trim());
  }
  return commands;
}
