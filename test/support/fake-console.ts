// Stands in for app/serve.ts where a test is about the demo: keeps what it is asked in a file, over its own restarts.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { z } from 'zod';

const dataDir = process.env.HEADROOM_DATA_DIR ?? '';
const { apiToken } = z.object({ apiToken: z.string() }).parse(JSON.parse(fs.readFileSync(path.join(dataDir, 'provision.json'), 'utf8')));
const calls = path.join(dataDir, 'calls.jsonl');

http
  .createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const route = `${request.method} ${request.url?.replace('/api/v1/', '')}`;
      const answer = (status: number, value: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (request.headers.authorization !== `Bearer ${apiToken}`) return answer(401, { code: 'auth.required' });
      fs.appendFileSync(
        calls,
        `${JSON.stringify({ route, body: body === '' ? null : JSON.parse(body), demo: process.env.HEADROOM_DEMO })}\n`,
      );
      if (route === 'GET ssh-key')
        return answer(200, { publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl console' });
      if (route === 'POST nodes') return answer(201, { id: `n_${z.object({ name: z.string() }).parse(JSON.parse(body)).name}` });
      return answer(200, {});
    });
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
