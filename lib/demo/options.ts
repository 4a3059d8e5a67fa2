import { randomInt } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { DRILL_NAMES, type Drill } from '#contract/index.ts';

/** what the default fleet leaks by */
const DRAWN: readonly Drill[] = ['pool-leak', 'eof-leak'];

export type DemoOptions = {
  /** one entry per node, in order */
  drills: (Drill | null)[];
  port: number;
  dataDir: string;
  /** the program that is the console, below the project's root; null: proxies, SSH servers and traffic only */
  consoleEntry: string | null;
};

/** Wrong use: one sentence that names the option, what it was and what it should be. */
export class OptionError extends Error {}

export const USAGE = `npm run demo [-- OPTIONS]      a fleet of real proxies on this machine, with the console in front of it
  --nodes N                    how many nodes, 1 to 40 (default 5)
  --drills a,b,…               by position: ${DRILL_NAMES.join(', ')} or none
                               (default: one ${DRAWN.join(' and one ')}, at drawn places)
  --no-console                 nodes and traffic only
  PORT=3000                    the console's port
  HEADROOM_DATA_DIR=./data/demo   where everything of the demo lives; it starts afresh each time`;

export function readOptions(
  argv: string[],
  env: Record<string, string | undefined>,
  draw: (below: number) => number = randomInt,
): DemoOptions {
  const values = parse(argv);
  const nodes = wholeNumber('--nodes', values.nodes ?? '5', 1, 40);
  const port = wholeNumber('PORT', env.PORT || '3000', 1, 65_535);
  const dataDir = path.resolve(env.HEADROOM_DATA_DIR || path.join('data', 'demo'));
  const drills = values.drills === undefined ? drawnDrills(nodes, draw) : namedDrills(values.drills, nodes);
  return { drills, port, dataDir, consoleEntry: values['no-console'] ? null : path.join('app', 'serve.ts') };
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: { nodes: { type: 'string' }, drills: { type: 'string' }, 'no-console': { type: 'boolean', default: false } },
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new OptionError(`${name} is ${JSON.stringify(text)}: it must be a whole number from ${min} to ${max}`);
}

function namedDrills(text: string, nodes: number): (Drill | null)[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length > nodes) throw new OptionError(`--drills has ${names.length} entries for ${nodes} nodes: give at most one per node`);
  const drills = names.map((name) => {
    const drill = DRILL_NAMES.find((known) => known === name);
    if (drill === undefined && name !== 'none')
      throw new OptionError(`--drills has ${JSON.stringify(name)}: each entry must be ${DRILL_NAMES.join(', ')} or none`);
    return drill ?? null;
  });
  return [...drills, ...Array.from({ length: nodes - drills.length }, () => null)];
}

function drawnDrills(nodes: number, draw: (below: number) => number): (Drill | null)[] {
  const leaking = DRAWN.slice(0, nodes);
  const drills: (Drill | null)[] = Array.from({ length: nodes - leaking.length }, () => null);
  for (const drill of leaking) drills.splice(draw(drills.length + 1), 0, drill);
  return drills;
}
