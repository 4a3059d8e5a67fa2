import { type Config, ConfigError, describeSettings, readConfig } from '#server/kernel/config.ts';
import { backup, moveToPostgres, restore, rotateSecret } from '#server/operations/index.ts';
import { plural } from '#shared/units/count.ts';
import type { Answer } from './answer.ts';
import { ownVersion } from './version.ts';

export type DataDirectoryCommand = 'config' | 'backup' | 'restore' | 'move' | 'rotate-secret';
type Asked = { file: string; metrics: boolean };

/** What is done to a data directory itself, without asking a console. */
export async function dataDirectory(command: DataDirectoryCommand, asked: Asked & { json: boolean }): Promise<Answer> {
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

type Told = { lines: string[]; json: unknown; code?: 78 };

async function run(command: DataDirectoryCommand, { file, metrics }: Asked): Promise<Told> {
  if (command === 'config') return config();
  const settings = readConfig();
  if (command === 'backup') {
    const done = await backup({ config: settings, file, metrics, version: ownVersion() });
    const { keyId, auditHead, files } = done.manifest;
    return {
      json: { ok: true, ...done },
      lines: [
        `${done.file}: ${done.bytes} bytes, ${plural(files.length, 'file')} (${files.map(({ name }) => name).join(', ')})`,
        ...(metrics ? [] : ['  the samples of the charts are not in it: --metrics takes them along']),
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
        `restored into ${dataDir}: Headroom ${manifest.version} of ${manifest.createdAt}, ${plural(facts.nodes, 'node')}`,
        `  the audit is whole${facts.auditHead ? ` up to ${facts.auditHead.seq}:${facts.auditHead.hash}` : ''}; start the console`,
      ],
    };
  }
  if (command === 'move') return move(settings, file === '' ? null : file);
  const done = await rotateSecret(settings);
  const lines = done.changed
    ? [`${done.secrets} secrets are sealed with key ${done.to} now; key ${done.from} opens nothing any more but older backups`]
    : [`nothing to do: the secrets are sealed with HEADROOM_SECRET, key ${done.to}`];
  return { json: { ok: true, ...done }, lines };
}

async function move(settings: Config, file: string | null): Promise<Told> {
  const done = await moveToPostgres({ config: settings, file });
  return {
    json: { ok: true, ...done },
    lines: [
      `moved ${done.from} into PostgreSQL: ${done.rows} rows of ${done.tables.length} tables, ${done.nodes} nodes; every table has its rows there`,
      `  the audit is whole up to ${done.auditHead}`,
      done.resealedFrom
        ? `  secrets are sealed with HEADROOM_SECRET there, key ${done.keyId}; key ${done.resealedFrom} opens what was left here and older backups`
        : `  secrets stay sealed with HEADROOM_SECRET, key ${done.keyId}`,
      ...(done.files.length > 0 ? [`  ${done.files.join(', ')}: now in the data directory`] : []),
      '  samples stay behind: charts begin anew. Start the console with HEADROOM_DATABASE_URL, and never again one without it on the old data directory',
    ],
  };
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
