import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Ssh } from '#server/ssh/index.ts';

/**
 * The transport without a network: the command's text goes to a real shell on this machine. For tests of what the scripts do, where a race
 * needs many of them. `shell` wraps it, `sh` stands in for /bin/sh everywhere in it; `spawned` lets a test kill it half-way.
 */
export function localSsh(o: {
  env: NodeJS.ProcessEnv;
  shell?: string[];
  sh?: string;
  now?: () => number;
  spawned?: (child: ChildProcess) => void;
}): Ssh {
  const [program = '/bin/sh', ...args] = o.shell ?? ['/bin/sh'];
  return {
    exec: (_target, command, options = {}) =>
      new Promise((resolve, reject) => {
        const at = Date.now();
        const text = o.sh === undefined ? command.text : command.text.replaceAll('/bin/sh', o.sh);
        const child = spawn(program, [...args, '-c', text], { env: o.env, stdio: 'pipe', detached: true });
        o.spawned?.(child);
        const [out, err]: [Buffer[], Buffer[]] = [[], []];
        let firstOutputAt: number | null = null;
        child.stdout.on('data', (chunk: Buffer) => {
          firstOutputAt ??= (o.now ?? Date.now)();
          out.push(chunk);
          options.onOutput?.(chunk.toString('utf8'));
        });
        child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
        child.stdin.on('error', () => {});
        child.on('error', reject);
        child.on('close', (exitCode) => {
          const [stdout, stderr] = [Buffer.concat(out), Buffer.concat(err).toString('utf8')];
          const raw = stdout.toString('utf8') + stderr;
          const sha256 = createHash('sha256').update(raw).digest('hex');
          const receipt = { command: command.readable, exitCode, raw, sha256, at, durationMs: Date.now() - at };
          resolve({ exitCode, stdout, stderr, cut: false, firstOutputAt, receipt });
        });
        child.stdin.end(command.stdin ?? undefined);
      }),
    openTcp: () => Promise.reject(new Error('no forwarding without a network')),
    hostKey: async () => ({ pinned: null, offered: null, blocked: false }),
    hostKeys: async () => new Map(),
    sessions: () => 0,
    close: async () => {},
  };
}
