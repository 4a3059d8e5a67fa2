import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { ServerChannel } from 'ssh2';
import { processEnvironment } from '../node/environment.ts';

export type Commands = {
  /** Runs `/bin/sh -c command` (or a login shell on stdin) with its streams on the channel, and reports how it ended. */
  run(channel: ServerChannel, command: string | null): (signal: string) => void;
  /** ends everything that still runs */
  stop(): void;
};

/** The commands of all sessions. Like sshd, a lost connection does not end them: they find their pipes closed. */
export function createCommands(options: { cwd: string; env: Record<string, string> }): Commands {
  const running = new Set<ChildProcessWithoutNullStreams>();

  function run(channel: ServerChannel, command: string | null): (signal: string) => void {
    const args = command === null ? ['-s'] : ['-c', command];
    const child = spawn('/bin/sh', args, {
      cwd: options.cwd,
      env: processEnvironment(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    for (const stream of [child.stdin, child.stdout, child.stderr, channel, channel.stderr]) stream.on('error', () => {});
    channel.once('close', () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.once('error', (error) => {
      running.delete(child);
      channel.stderr.write(`/bin/sh: ${error.message}\n`);
      channel.exit(127);
      channel.end();
    });
    child.once('exit', () => running.delete(child));
    // 'close' comes when the process has ended and its pipes are drained: nothing that it said is lost
    child.once('close', (code, signal) => {
      if (code !== null) channel.exit(code);
      else if (signal !== null) channel.exit(signal.replace(/^SIG/, ''), false, '');
      channel.end();
    });
    return (signal) => end(child, toSignal(signal));
  }

  return {
    run,
    stop: () => {
      for (const child of running) end(child, 'SIGKILL');
    },
  };
}

const SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'ALRM', 'TERM'] as const;
function toSignal(name: string): NodeJS.Signals {
  const known = SIGNALS.find((signal) => signal === name.replace(/^SIG/, ''));
  return known ? `SIG${known}` : 'SIGTERM';
}

/** The whole process group: the shell and what it started. */
function end(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // already gone
  }
}
