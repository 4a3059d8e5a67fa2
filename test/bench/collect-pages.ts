import http from 'node:http';
import { pageOf } from './collect-load.ts';

// The metrics pages of many nodes in a process of their own, each under an address of its own: 127.0.1.0, 127.0.1.1, … on one port.
// Started with the number of nodes; says its port once all of them listen.

const nodes = Number(process.argv[2] ?? 1000);
const pages = [0, 1, 2, 3].map((node) => Buffer.from(pageOf(node, node * 100)));
let asked = 0;
const answer: http.RequestListener = (request, response) => {
  const page = pages[asked++ % pages.length] ?? Buffer.of();
  const found = request.url === '/metrics';
  response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4', 'content-length': found ? page.length : 0 });
  response.end(found ? page : undefined);
};

function listen(address: string, port: number): Promise<number> {
  const server = http.createServer(answer);
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) =>
    server.listen(port, address, () => {
      const at = server.address();
      resolve(typeof at === 'object' && at ? at.port : 0);
    }),
  );
}

const port = await listen('127.0.0.1', 0);
for (let i = 0; i < nodes; i++) await listen(`127.0.${1 + (i >> 8)}.${i & 255}`, port);
process.send?.(port);
