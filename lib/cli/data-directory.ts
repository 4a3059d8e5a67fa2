import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, describeSettings, readConfig } from '#server/kernel/config.ts';
import { backup, restore, rotateSecret } from '#server/operations/index.ts';
import type { Answer } from './answer.ts';

const HELP = {
  config: `usage: headroom config [--json]
Prints every setting of the console as the environment has it: its value, where that is from, and its default. Nothing secret is printed.
Exit codes: 0 the console would start with them; 78 one is wrong, and is named with what it should be.`,
  backup: `usage: headroom backup FILE [--metrics] [--json]
Writes one archive (tar.gz, mode 600) of the data directory as it is at this instant; the console may run and write meanwhile. In it: the database (registry,
runs, evidence, audit, accounts; secrets stay sealed), your runbooks, and with --metrics the samples too (they may be large, and the console fills them again).
The key is NOT in it: keep HEADROOM_SECRET, or the data directory's file "secret", in another place. Without it a backup cannot be restored.
Nothing is overwritten. Needs free space beside FILE for a copy of the database. With PostgreSQL it says how pg_dump does it.
Exit codes: 0 written; 1 it could not be (no space, no right); 2 not asked as above; 78 a wrong setting, no database, or FILE is there already.`,
  restore: `usage: headroom restore FILE [--json]
Puts an archive of "headroom backup" into an empty HEADROOM_DATA_DIR. Before anything is put there it checks every file by its sha256, the database, the chain of
the audit, and that the key is at hand: set HEADROOM_SECRET, or put the key's file into the data directory as "secret" (mode 600) first.
An archive of an older version is brought up to date by the console's first start; one of a newer version is refused.
Exit codes: 0 restored; 1 it could not be written; 2 not asked as above; 78 refused, in words (not empty, damaged, newer, no key).`,
  'rotate-secret': `usage: headroom rotate-secret [--json]
Seals every secret anew under another key, all or none of them, also when it is killed. Stop the console first; it says so when one runs.
  key in the data directory   a fresh key takes the place of the file "secret"; back that up again
  key in HEADROOM_SECRET      set HEADROOM_SECRET to the new key and HEADROOM_SECRET_PREVIOUS to the old one, then run it; without
                              HEADROOM_SECRET_PREVIOUS, it moves from the data directory's file to HEADROOM_SECRET
  PostgreSQL                  no stop: start all consoles anew with both variables, run it with both, take HEADROOM_SECRET_PREVIOUS away when convenient
Backups that were made before need the old key. When the old key was stolen together with the database, also replace what was sealed: the console's SSH key on
the nodes, tokens and passwords of other systems.
Exit codes: 0 replaced, or HEADROOM_SECRET was in use already; 1 it failed, and nothing changed; 2 not asked as above; 78 refused, in words.`,
} as const;
type Command = keyof typeof HELP;

/** What is done to a data directory itself, without asking a console. */
export async function dataDirectory(command: Command, args: readonly string[]): Promise<Answer> {
  const asked = parse(command, args);
  if (asked === null) return { lines: [HELP[command]], code: 2 };
  if (asked.help) return { lines: [HELP[command]], code: 0 };
  process.umask(0o077);
  try {
    const told = await run(command, asked);
    return { lines: asked.json ? [JSON.stringify(told.json)] : told.lines, code: told.code ?? 0 };
  } catch (error) {
    const wrong = error instanceof ConfigError;
    const words = error instanceof Error ? error.message : String(error);
    const lines = asked.json ? [JSON.stringify({ ok: false, error: words })] : [`headroom ${command}: ${words}`];
    return { lines, code: wrong ? 78 : 1 };
  }
}

type Asked = { file: string; json: boolean; metrics: boolean; help: boolean };

function parse(command: Command, args: readonly string[]): Asked | null {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: flag, help: flag, ...(command === 'backup' && { metrics: flag }) },
    });
    const wanted = command === 'backup' || command === 'restore' ? 1 : 0;
    if (positionals.length !== wanted && !values.help) return null;
    return { file: positionals[0] ?? '', json: values.json === true, metrics: values.metrics === true, help: values.help === true };
  } catch {
    return null;
  }
}

type Told = { lines: string[]; json: unknown; code?: 78 };

async function run(command: Command, { file, metrics }: Asked): Promise<Told> {
  if (command === 'config') return config();
  const settings = readConfig();
  if (command === 'backup') {
    const done = await backup({ config: settings, file, metrics, version: ownVersion() });
    const { keyId, auditHead, files } = done.manifest;
    return {
      json: { ok: true, ...done },
      lines: [
        `${done.file}: ${done.bytes} bytes, ${files.length} file${files.length === 1 ? '' : 's'} (${files.map(({ name }) => name).join(', ')})`,
        ...(keyId ? [`  secrets are sealed with key ${keyId}, which is not in it: keep that key elsewhere`] : []),
        ...(auditHead ? [`  audit ends with ${auditHead.seq}:${auditHead.hash}`] : []),
      ],
    };
  }
  if (command === 'restore') {
    const { manifest, facts, dataDir } = await restore({ config: settings, file });
    return {
      json: { ok: true, dataDir, manifest, nodes: facts.nodes, auditHead: facts.auditHead },
      lines: [
        `restored into ${dataDir}: Headroom ${manifest.version} of ${manifest.createdAt}, ${facts.nodes} nodes`,
        `  the audit is whole${facts.auditHead ? ` up to ${facts.auditHead.seq}:${facts.auditHead.hash}` : ''}; start the console`,
      ],
    };
  }
  const done = await rotateSecret(settings);
  const lines = done.changed
    ? [`${done.secrets} secrets are sealed with key ${done.to} now; key ${done.from} opens nothing any more but older backups`]
    : [`nothing to do: the secrets are sealed with HEADROOM_SECRET, key ${done.to}`];
  return { json: { ok: true, ...done }, lines };
}

function config(): Told {
  const settings = describeSettings();
  let problems: string[] = [];
  try {
    readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems = error.message.split('\n');
  }
  const width = Math.max(...settings.map(({ name }) => name.length));
  const lines = settings.map(({ name, value, source, default: fallback }) => {
    const from = source === 'default' ? '(default)' : `(environment; default: ${fallback ?? 'not set'})`;
    return `${name.padEnd(width)}  ${value ?? 'not set'}  ${from}`;
  });
  const ok = problems.length === 0;
  return {
    lines: [...lines, ...problems.map((problem) => `WRONG  ${problem}`)],
    json: { ok, problems, settings },
    ...(!ok && { code: 78 }),
  };
}

const ownVersion = (): string => String(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
