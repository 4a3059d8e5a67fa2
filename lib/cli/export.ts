import { stringify } from 'yaml';
import type { z } from 'zod';
import { type Http, isProblemError } from '#client/http.ts';
import { nodeConfigSchema, nodeInputSchema } from '#shared/nodes.ts';
import type { Answer } from './answer.ts';
import { openConsole, segment } from './ask.ts';
import type { Call } from './command.ts';
import { membersSchema } from './nodes.ts';

type Member = z.infer<typeof membersSchema>['nodes'][number];
/** A token may ask 20 times a second. */
const ASK_EVERY_MS = 60;
/** Of the names in one selector, in characters; a preview takes 2,000. */
const MOST_NAMES = 1800;

/** The fleet as a file that `headroom apply` takes: applied to the same console it has nothing to do. */
export async function exportFleet(call: Call): Promise<Answer> {
  const { http } = openConsole(call);
  const members = (await http.get('nodes', membersSchema)).nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { pool, problems } = call.flag('pools') ? await poolsOf(http, members, call) : { pool: [], problems: [] };
  const file = { nodes: members.map(asWritten), ...(pool.length > 0 && { pool }) };
  for (const problem of problems) call.note(`! ${problem}`);
  const text = stringify(file, { lineWidth: 0 }).trimEnd();
  const head = ['# headroom apply FILE --dry-run shows what differs from this; --yes makes it so.', text];
  return { lines: call.flag('json') ? [JSON.stringify(file)] : head, code: problems.length > 0 ? 1 : 0 };
}

const FIELDS = Object.keys(nodeInputSchema.shape);
const USUAL = nodeInputSchema.parse({ name: 'x', host: 'x', user: 'x' });

/** A node without what a file leaves out: its defaults. */
function asWritten(member: Member): Record<string, unknown> {
  const usual = new Map<string, string>(Object.entries(USUAL).map(([key, value]) => [key, JSON.stringify(value)]));
  const kept = Object.entries(member).filter(([key, value]) => {
    if (!FIELDS.includes(key) || value === null || value === undefined) return false;
    if (key === 'transport') return value !== 'ssh2';
    return ['name', 'host', 'user'].includes(key) || usual.get(key) !== JSON.stringify(value);
  });
  return Object.fromEntries(kept);
}

type Pool = { selector: string; settings: { enabled: boolean } };

/** Whether each node's config.yaml has the pool on, as it is on the node now. */
async function poolsOf(http: Http, members: readonly Member[], call: Call): Promise<{ pool: Pool[]; problems: string[] }> {
  const names = new Map<boolean, string[]>();
  const problems: string[] = [];
  for (const [i, { id, name }] of members.entries()) {
    call.status(`reading config.yaml: ${i + 1} of ${members.length}`);
    if (i > 0) await call.sleep(ASK_EVERY_MS);
    try {
      const { poolEnabled } = await http.get(`nodes/${segment(id)}/config`, nodeConfigSchema);
      if (poolEnabled === null) problems.push(`${name}: its config.yaml does not say whether the pool is on; it is left out`);
      else names.set(poolEnabled, [...(names.get(poolEnabled) ?? []), name]);
    } catch (error) {
      if (!isProblemError(error) || error.code.startsWith('client.') || error.code.startsWith('auth.')) throw error;
      problems.push(`${name}: ${error.detail}`);
    }
  }
  call.status(null);
  const pool = [...names].flatMap(([enabled, all]) =>
    chunks(all).map((part) => ({ selector: `name=${part.join(',')}`, settings: { enabled } })),
  );
  return { pool, problems };
}

function chunks(names: readonly string[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const name of names) {
    if (name.length + 1 > room) {
      parts.push([]);
      room = MOST_NAMES;
    }
    parts.at(-1)?.push(name);
    room -= name.length + 1;
  }
  return parts;
}
