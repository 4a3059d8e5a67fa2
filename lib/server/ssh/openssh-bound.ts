import { type ChildProcess, spawn } from 'node:child_process';

/** Ends the program when its own stdin ends, so that nothing outlives the console, however it dies. */
const BOUND = `exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( cat <&3 >/dev/null; kill "$child" ) 2>/dev/null &
watch=$!
wait "$child"; code=$?
kill "$watch" 2>/dev/null
exit "$code"`;

/** What OpenSSH's programs are given of the environment: nothing of the console's own. */
export const ENV: NodeJS.ProcessEnv = {
  ...{ PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', SHELL: '/bin/sh', HOME: '/nonexistent' },
  // Next's types want it everywhere
  NODE_ENV: 'production',
};

/** A program that lives as long as its stdin here is open: `end()` ends it. */
export function spawnBound(words: readonly string[], cwd: string): { child: ChildProcess; gone: Promise<number | null>; end(): void } {
  const child = spawn('/bin/sh', ['-c', BOUND, 'headroom', ...words], { cwd, env: ENV, stdio: 'pipe' });
  child.stdin.on('error', () => {});
  const gone = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve(code));
  });
  return { child, gone, end: () => child.stdin.destroy() };
}

/** Runs one of OpenSSH's own small programs to its end. */
export function runShort(
  words: readonly string[],
  o: { cwd: string; env?: Record<string, string>; input?: string; ms: number },
): Promise<{ code: number | null; stderr: string }> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: o.cwd,
      env: { ...ENV, ...o.env },
      stdio: 'pipe',
      timeout: Math.max(1, Math.ceil(o.ms)),
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 16_384) stderr += chunk.toString('utf8');
    });
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stderr }));
    child.stdin.end(o.input ?? '');
  });
}
