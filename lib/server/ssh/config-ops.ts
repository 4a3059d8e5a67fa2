import { createHash } from 'node:crypto';
import type { FleetMember } from '#shared/nodes.ts';
import type { ActingOn, Call } from './acting.ts';
import { toCount } from './answer.ts';
import { type Command, catalogue, stateDirOf } from './catalogue.ts';
import { type ConfigHistory, parseHistory } from './history.ts';
import { tooLarge, unreadable } from './script-failures.ts';
import type { Outcome } from './types.ts';

export type ConfigFile = { bytes: Buffer; sha256: string; mode: string; owner: string };

const CONFIG_BYTES = 1024 * 1024;

/** What is read and written of a node's config.yaml, byte for byte. */
export function configOps({ run, notAfter, toConsoleTime }: ActingOn) {
  async function readFile(node: FleetMember, command: Command, o: Call): Promise<Outcome<ConfigFile>> {
    const { answer, receipt } = await run(node, command, o, 'meta');
    const [mode, user, group, size] = (answer.first('meta') ?? '').split(' ');
    if (mode === undefined || user === undefined || group === undefined || toCount(size) === null) throw unreadable(node, receipt);
    const bytes = Buffer.from(answer.rest);
    if (bytes.length > CONFIG_BYTES) throw tooLarge(node);
    return { value: { bytes, sha256: sha256Of(bytes), mode, owner: `${user}:${group}` }, receipt };
  }

  return {
    readConfig: (node: FleetMember, o: Call = {}): Promise<Outcome<ConfigFile>> => readFile(node, catalogue.readConfig(node), o),
    /** The backup that a run keeps on the node. */
    readBackup: (node: FleetMember, o: { runId: string } & Call): Promise<Outcome<ConfigFile>> =>
      readFile(
        { ...node, configPath: `${stateDirOf(node.configPath, o.runId)}/config.yaml` },
        catalogue.readBackup({ ...node, runId: o.runId }),
        o,
      ),

    /** When and by whom config.yaml was changed, as far as the node can tell, and what earlier runs have kept of it, newest first. */
    async history(node: FleetMember, o: Call = {}): Promise<Outcome<ConfigHistory>> {
      const { answer, receipt } = await run(node, catalogue.history(node), o);
      return { value: parseHistory(answer, (seconds) => toConsoleTime(node, seconds)), receipt };
    },

    /** Keeps the bytes of `expectedSha256` on the node; doing it again, also after the edit, is harmless. */
    async backupConfig(node: FleetMember, o: { runId: string; expectedSha256: string } & Call): Promise<Outcome<{ path: string }>> {
      const { receipt } = await run(node, catalogue.backupConfig({ ...node, ...o, notAfter: await notAfter(node, o) }), o);
      return { value: { path: `${stateDirOf(node.configPath, o.runId)}/config.yaml` }, receipt };
    },

    /** `written: false`: the file had exactly these bytes already. */
    async writeConfig(
      node: FleetMember,
      o: { runId: string; bytes: Buffer; expectedSha256: string } & Call,
    ): Promise<Outcome<{ written: boolean }>> {
      if (o.bytes.length > CONFIG_BYTES) throw tooLarge(node);
      const command = catalogue.writeConfig({ ...node, ...o, sha256: sha256Of(o.bytes), notAfter: await notAfter(node, o) });
      const { answer, receipt } = await run(node, command, o);
      return { value: { written: answer.first('written') === '1' }, receipt };
    },

    /** `known: false`: there is no program on the node that checks a config, or it knows no -t (2, as every option parser says it). */
    async validateConfig(node: FleetMember, o: Call = {}): Promise<Outcome<{ known: boolean; ok: boolean; output: string }>> {
      const { answer, receipt } = await run(node, catalogue.validateConfig(node), o, 'known');
      const text = answer.rest.toString('utf8');
      const code = toCount(/(?:^|\n)@exit=(\d+)\s*$/.exec(text)?.[1]);
      const known = answer.first('known') === '1' && code !== 127 && code !== 2;
      return { value: { known, ok: known && code === 0, output: text.replace(/(^|\n)@exit=\d+\s*$/, '') }, receipt };
    },
  };
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
