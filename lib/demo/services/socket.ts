import fs from 'node:fs';
import net from 'node:net';
import { z } from 'zod';
import type { Manager } from './manager.ts';

const requestSchema = z.object({ node: z.string(), tool: z.string(), argv: z.array(z.string()) });
/** longest request: a revert script is a few KiB */
const LONGEST_REQUEST = 1 << 20;

/** The unix socket behind the stand-ins: one JSON line `{node, tool, argv}` in, one JSON line `{code, stdout, stderr}` out. */
export async function serveManagers(socketPath: string, managers: ReadonlyMap<string, Manager>): Promise<{ close(): Promise<void> }> {
  fs.rmSync(socketPath, { force: true });
  const server = net.createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > LONGEST_REQUEST) socket.destroy();
      else if (text.includes('\n')) void answer(text.slice(0, text.indexOf('\n'))).then((line) => socket.end(line));
    });
  });
  async function answer(line: string): Promise<string> {
    const reply = await handle(line).catch((error: unknown) => ({ code: 1, stdout: '', stderr: `service manager: ${String(error)}\n` }));
    return `${JSON.stringify(reply)}\n`;
  }
  async function handle(line: string) {
    const { node, tool, argv } = requestSchema.parse(JSON.parse(line));
    const manager = managers.get(node);
    if (!manager) return { code: 1, stdout: '', stderr: `there is no node ${node}\n` };
    return manager.handle(tool, argv);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  fs.chmodSync(socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        fs.rmSync(socketPath, { force: true });
      }),
  };
}
