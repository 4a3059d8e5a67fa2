import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { API_TOKEN } from '#test/support/console-process.ts';

export type Chaotic = {
  child: ChildProcess;
  /** resolves when it answers; rejects with what it printed when it ends before */
  listening: Promise<void>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output(): string;
  ask(method: string, at: string, o?: { body?: unknown; headers?: Record<string, string> }): Promise<{ status: number; json: unknown }>;
};

/** Starts test/chaos/console.ts on a data directory. Whoever calls it ends it. */
export function launch(o: { dataDir: string; port: number; env?: Record<string, string>; command?: string[] }): Chaotic {
  const [command = '', ...args] = [...(o.command ?? []), process.execPath, path.join(import.meta.dirname, 'console.ts')];
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '../../node_modules/.cache/headroom-compiled'),
      HEADROOM_DATA_DIR: o.dataDir,
      HEADROOM_DEMO: '1',
      HEADROOM_LOG_LEVEL: 'error',
      HEADROOM_SCRAPE_SECONDS: '1',
      PORT: `${o.port}`,
      ...o.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const listening = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('listening\n')) resolve();
      });
    void ended.then(({ code, signal }) => reject(new Error(`the console ended (${code ?? signal}) before it listened: ${text}`)));
  });
  listening.catch(() => undefined);
  return {
    ...{ child, listening, ended },
    output: () => text,
    async ask(method, at, { body, headers = {} } = {}) {
      const response = await fetch(`http://127.0.0.1:${o.port}/api/v1/${at}`, {
        method,
        headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      const answer = await response.text();
      return { status: response.status, json: answer === '' ? null : JSON.parse(answer) };
    },
  };
}
