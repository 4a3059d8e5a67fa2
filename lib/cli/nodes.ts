import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Http } from '#client/http.ts';
import { IMPORT_FORMATS, type ImportFormat, type ImportPlan, type ImportRequest, importPlanSchema } from '#shared/node-import.ts';
import { poolWord, selectorSubject } from '#shared/node-words.ts';
import { type FleetNode, fleetSchema, nodeInputSchema, type SelfTest, selfTestSchema } from '#shared/nodes.ts';
import { describeProblem, matchesSelector, parseSelector } from '#shared/selector.ts';
import { formatEstimate } from '#shared/units/band.ts';
import { formatCount, formatSigned, plural } from '#shared/units/count.ts';
import { type Answer, good } from './answer.ts';
import { openConsole, segment } from './ask.ts';
import { AskedWrongly, type Call, type Command, pairs, wholeNumber } from './command.ts';
import { table } from './table.ts';

const memberSchema = nodeInputSchema.extend({ id: z.string(), version: z.number(), createdAt: z.string() });
export const membersSchema = z.object({ nodes: z.array(memberSchema) });

/** The id of a node that is called by its name or its id. */
async function nodeId(http: Http, called: string): Promise<string> {
  const { nodes } = await http.get('nodes', membersSchema);
  const node = nodes.find(({ name }) => name === called) ?? nodes.find(({ id }) => id === called);
  if (node === undefined) throw new AskedWrongly(`there is no node "${called}"; headroom nodes ls lists them`);
  return node.id;
}

async function list(call: Call): Promise<Answer> {
  const [selector = '*'] = call.args;
  const asked = parseSelector(selector);
  if (!asked.ok) throw new AskedWrongly(describeProblem(selector, asked.problem));
  const fleet = await openConsole(call).http.get('fleet', fleetSchema);
  const nodes = fleet.nodes.filter((node) => matchesSelector(asked.selector, selectorSubject(node)));
  if (call.json) return good(JSON.stringify({ asOf: fleet.asOf, nodes }));
  if (fleet.problem !== undefined) call.note(`! ${fleet.problem}`);
  if (nodes.length === 0)
    return good(fleet.nodes.length === 0 ? 'No nodes yet: headroom nodes add, or headroom nodes import.' : 'No node matches.');
  const leaking = nodes.filter(({ leak }) => leak.verdict === 'leaking').length;
  return good(
    ...table(['node', 'state', 'leak', 'fds/min', 'open fds', 'limit', 'to EMFILE', 'pool', 'drift'], nodes.toSorted(soonest).map(row)),
    ...reasons(nodes),
    '',
    `${plural(nodes.length, 'node')}, ${leaking} leaking, as of ${fleet.asOf}`,
  );
}

/** Why nodes are not up; of many only the first, the page has all. */
function reasons(nodes: readonly FleetNode[]): string[] {
  const away = nodes.filter(({ stateReason }) => stateReason !== null);
  const told = away.slice(0, MOST_REASONS).map(({ name, state, stateReason }) => `! ${name} ${state}: ${stateReason}`);
  const more = away.length - told.length;
  return told.length === 0 ? [] : ['', ...told, ...(more > 0 ? [`! and ${plural(more, 'node')} more that are not up`] : [])];
}
const MOST_REASONS = 10;
/** Who dies first stands first. */
const soonest = (a: FleetNode, b: FleetNode): number =>
  (a.timeToEmfileSeconds?.mid ?? Number.MAX_VALUE) - (b.timeToEmfileSeconds?.mid ?? Number.MAX_VALUE) || (a.name < b.name ? -1 : 1);
const count = (value: number | null): string => (value === null ? '–' : formatCount(value));
const row = (node: FleetNode): string[] => [
  node.name,
  node.hostKey.blocked ? `${node.state}, host key changed` : node.state,
  node.leak.verdict,
  node.leak.perMinute ? formatSigned(node.leak.perMinute.mid) : '–',
  count(node.openFds),
  count(node.fdLimit),
  node.timeToEmfileSeconds ? formatEstimate(node.timeToEmfileSeconds) : '–',
  poolWord(node),
  node.drift ? 'yes' : 'no',
];

async function add(call: Call): Promise<Answer> {
  const [name] = call.args;
  const via = call.value('metrics-via');
  const url = call.value('metrics-url');
  const input = nodeInputSchema.safeParse({
    name,
    host: call.value('host'),
    user: call.value('user'),
    sshPort: wholeNumber(call, 'port'),
    unit: call.value('unit'),
    configPath: call.value('config-path'),
    ...(via === 'none' && { metrics: { via } }),
    ...(via !== 'none' && (via ?? url) !== undefined && { metrics: { via: via ?? 'ssh', url: url ?? 'http://127.0.0.1:9090/metrics' } }),
    labels: Object.fromEntries(pairs(call, 'label')),
  });
  if (!input.success)
    throw new AskedWrongly(input.error.issues.map(({ path: place, message }) => `${place.join('.')}: ${message}`).join('\n'));
  const { http, url: base } = openConsole(call);
  const body = input.data;
  const node = await http.post('nodes', z.looseObject({ id: z.string() }), { body, headers: { 'idempotency-key': randomUUID() } });
  if (call.json) return good(JSON.stringify(node));
  return good(
    `added ${body.name}, ${body.user}@${body.host}:${body.sshPort}`,
    `next: compare and approve its host key at ${base}/nodes/${node.id}, then headroom nodes check ${body.name}`,
  );
}

async function importFile(call: Call): Promise<Answer> {
  const [file = ''] = call.args;
  const format = formatOf(call, file);
  const sshPort = wholeNumber(call, 'port');
  const user = call.value('user');
  const unit = call.value('unit');
  const labels = pairs(call, 'label');
  const body: ImportRequest = {
    format,
    text: await readFile(file, 'utf8'),
    defaults: {
      ...(user !== undefined && { user }),
      ...(unit !== undefined && { unit }),
      ...(sshPort !== undefined && { sshPort }),
      ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
    },
    leaveOut: [...call.values('leave-out')],
  };
  const { http } = openConsole(call);
  const act = call.flag('yes') && !call.flag('dry-run');
  const plan = await http.post('nodes/import', importPlanSchema, {
    body,
    timeoutMs: 60_000,
    ...(act ? { headers: { 'idempotency-key': randomUUID() } } : { query: { dryRun: 1 } }),
  });
  const { add: added = 0, change: changed = 0, conflict = 0, invalid = 0 } = plan.counts;
  const broken = conflict + invalid + plan.problems.filter(({ severity }) => severity === 'error').length;
  const left = broken > 0 || (!act && added + changed > 0);
  return { lines: call.json ? [JSON.stringify(plan)] : planLines(plan, call), code: left ? 1 : 0 };
}

function formatOf(call: Call, file: string): ImportFormat {
  const name = path.basename(file);
  const said = IMPORT_FORMATS.find((format) => format === call.value('format'));
  if (said !== undefined) return said;
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.ya?ml$/i.test(name)) return 'ansible-yaml';
  if (/\.(ini|cfg)$|^(hosts|inventory)$/i.test(name)) return 'ansible-ini';
  if (/^(config|ssh_config)$/i.test(name)) return 'ssh-config';
  throw new AskedWrongly(`the name ${name} does not say what is in it: give --format, one of ${IMPORT_FORMATS.join(', ')}`);
}

const SIGNS: Record<string, string> = { add: '+', change: '~', same: '=', 'left-out': '-', conflict: '!', invalid: '!' };
function planLines(plan: ImportPlan, call: Call): string[] {
  const shown = plan.rows.filter(({ action }) => action !== 'same');
  const rows = shown.map(({ action, name, line, address, changes, problems }) => [
    SIGNS[action] ?? '?',
    name,
    address,
    problems.length > 0
      ? `line ${line}: ${problems.join('; ')}`
      : action === 'left-out'
        ? 'left out'
        : changes.map(({ field, before, after }) => `${field}: ${before} → ${after}`).join(', '),
  ]);
  const { add: added = 0, change: changed = 0, same = 0, conflict = 0, invalid = 0 } = plan.counts;
  const end = plan.stored
    ? 'Stored. A person approves each new host key before anything is sent to the node.'
    : added + changed === 0
      ? 'Nothing to store.'
      : call.flag('dry-run')
        ? 'Dry run: nothing was stored.'
        : 'Nothing was stored. Add --yes to store it.';
  return [
    ...(rows.length > 0 ? table(['', 'node', 'address', ''], rows) : []),
    ...plan.problems.map(({ line, severity, message }) => `line ${line}: ${severity}: ${message}`),
    `${added} to add, ${changed} to change, ${same} as they are, ${conflict + invalid} that cannot be stored`,
    end,
  ];
}

async function check(call: Call): Promise<Answer> {
  const [name = ''] = call.args;
  const { http } = openConsole(call);
  const id = await nodeId(http, name);
  call.status(`asking ${name} …`);
  const told: SelfTest = await http.post(`nodes/${segment(id)}/check`, selfTestSchema, { body: {}, timeoutMs: 60_000 });
  call.status(null);
  const lines = told.checks.flatMap(({ status, title, detail, fix }) => [
    `${status.padEnd(7)}  ${title}: ${detail}`,
    ...(fix === null ? [] : [`         → ${fix}`]),
  ]);
  return {
    lines: call.json ? [JSON.stringify(told)] : [...lines, told.ok ? `${name} is ready.` : `${name} is not ready.`],
    code: told.ok ? 0 : 1,
  };
}

const NODE_OPTIONS = {
  port: { value: 'PORT', help: 'of its SSH server; 22 unless said' },
  unit: { value: 'UNIT', help: 'the systemd unit of the proxy; sniproxy unless said' },
  label: { value: 'KEY=VALUE', help: 'a label, to find it by', many: true },
} as const;

export const NODE_COMMANDS: readonly Command[] = [
  {
    name: 'nodes ls',
    group: 'Nodes',
    summary: 'show the nodes, those first that run out of descriptors first',
    about: ['SELECTOR is as in every search of the console: terms divided by spaces, all of which hold; quote it.'],
    takes: [{ name: 'SELECTOR', help: 'which nodes, like group=edge leak=leaking; all unless said', optional: true }],
    options: {},
    examples: [
      { line: 'headroom nodes ls', does: 'who dies first?' },
      { line: "headroom nodes ls 'leak=leaking pool=on'", does: 'where the pool may be what leaks' },
      { line: "headroom nodes ls 'state=down' --json | jq -r '.nodes[].name'", does: 'the names alone' },
    ],
    exits: { 0: 'shown, also when no node matches' },
    output: 'tables',
    asks: true,
    run: list,
  },
  {
    name: 'nodes add',
    group: 'Nodes',
    summary: 'register a node',
    about: ['Nothing is sent to it until a person has approved its host key.'],
    takes: [{ name: 'NAME', help: 'how it is called, like edge-fra-03' }],
    options: {
      host: { value: 'HOST', needed: true, help: 'name or address of its SSH server' },
      user: { value: 'USER', needed: true, help: 'the account that the console signs in as' },
      ...NODE_OPTIONS,
      'config-path': { value: 'PATH', help: 'of its config.yaml; /etc/sniproxy/config.yaml unless said' },
      'metrics-via': { value: 'VIA', help: 'how its metrics are read; ssh unless said', choices: ['http', 'ssh', 'none'] },
      'metrics-url': { value: 'URL', help: 'of its metrics; http://127.0.0.1:9090/metrics unless said' },
    },
    examples: [{ line: 'headroom nodes add edge-fra-03 --host 10.0.3.7 --user sre --label group=edge', does: 'one node of a group' }],
    exits: { 0: 'registered', 2: 'not asked as above, or the name is taken' },
    output: 'tables',
    asks: true,
    run: add,
  },
  {
    name: 'nodes import',
    group: 'Nodes',
    summary: 'register the nodes of an ssh_config, an Ansible inventory or a CSV file',
    about: ['Without --yes it only shows what it would do. A node that is there keeps what the file does not say; none is removed.'],
    takes: [{ name: 'FILE', help: 'the file', file: true }],
    options: {
      'dry-run': { help: 'only show, also with --yes' },
      yes: { help: 'store it' },
      format: { value: 'FORMAT', help: 'what the file is, where its name does not say', choices: IMPORT_FORMATS },
      user: { value: 'USER', help: 'of the nodes for which the file names none' },
      ...NODE_OPTIONS,
      'leave-out': { value: 'NAME', help: 'a host that is not wanted', many: true },
    },
    examples: [
      { line: 'headroom nodes import ~/.ssh/config --user sre', does: 'look what it would do' },
      { line: 'headroom nodes import hosts.ini --label group=edge --yes', does: 'store them, all with a label' },
    ],
    exits: { 0: 'stored, or nothing to store', 1: 'not stored yet, or a line of it cannot be' },
    output: 'tables',
    asks: true,
    run: importFile,
  },
  {
    name: 'nodes check',
    group: 'Nodes',
    summary: 'ask a node what works between it and the console, and what is missing',
    about: ['SSH, host key, account, sudo, unit, process, config.yaml, metrics; each failure with what to do. It changes nothing.'],
    takes: [{ name: 'NAME', help: 'the node, by name or id' }],
    options: {},
    examples: [{ line: 'headroom nodes check edge-fra-03', does: 'is it ready for a run?' }],
    exits: { 0: 'ready', 1: 'something is missing' },
    output: 'tables',
    asks: true,
    run: check,
  },
];
