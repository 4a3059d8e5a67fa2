// A stand-in for SNIProxy-rs as its hosts meet it: the same config keys and the same names on its metrics page, where nothing tells of fds; no -t;
// it dies at once of SIGTERM and of SIGHUP. A tunnel whose client ends first is never told to the backend and has no deadline: it keeps two sockets.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const args = process.argv.slice(2);
if (args.length !== 2 || (args[0] !== '-c' && args[0] !== '--config')) {
  console.error(`error: unexpected argument '${args[0] ?? ''}' found\n\nUsage: sniproxy-server [OPTIONS]`);
  process.exit(2);
}
process.title = 'sniproxy-server';
const text = fs.readFileSync(args[1], 'utf8');
const addresses = [...text.matchAll(/^ {2}- "([\d.]+):(\d+)"/gm)].map(([, host, port]) => ({ host, port: Number(port) }));
const metrics = /^ {2}address: "([\d.]+):(\d+)"/m.exec(text);
const backend = /^ {4}backends: \["([\d.]+):(\d+)"\]/m.exec(text);
if (!metrics || !backend || addresses.length === 0 || !/^ {2}enabled: (true|false)\b/m.test(text)) {
  console.error('Error: InvalidConfig');
  process.exit(1);
}
let [active, finished, bytes] = [0, 0, 0];
const kept = [];

function accept(client) {
  active += 1;
  const upstream = net.connect({ host: backend[1], port: Number(backend[2]), allowHalfOpen: true });
  kept.push(client, upstream);
  for (const socket of [client, upstream]) socket.on('error', () => {});
  client.on('data', (chunk) => {
    bytes += chunk.length;
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => client.write(chunk));
  upstream.once('end', () => {
    client.end();
    upstream.end();
    active -= 1;
    finished += 1;
  });
}
for (const address of addresses)
  net
    .createServer({ allowHalfOpen: true }, accept)
    .listen(address, () => console.log(`[INFO] listening on ${address.host}:${address.port}`));

http
  .createServer((_, response) => {
    // no Content-Type, as theirs
    response.end(
      `# TYPE sniproxy_connections_active gauge
sniproxy_connections_active ${active}
# TYPE sniproxy_connections_total counter
sniproxy_connections_total{protocol="unknown",status="success"} ${finished}
# TYPE sniproxy_errors_total counter
# TYPE sniproxy_bytes_transferred_total counter
sniproxy_bytes_transferred_total{host="www.example.test-http1.1",direction="tx"} ${bytes}
# TYPE sniproxy_pool_size gauge
sniproxy_pool_size 0
# TYPE sniproxy_pool_active_connections gauge
sniproxy_pool_active_connections 0
`,
    );
  })
  .listen({ host: metrics[1], port: Number(metrics[2]) });
