import net from 'node:net';
import { gzipSync } from 'node:zlib';

// Metrics ports that mean harm, and one that does not, in a process of their own: what they send costs the test's process nothing.
// The path says which; the port is told to the parent.

const PAGE = 'process_open_fds 100\nprocess_max_fds 8192\nprocess_start_time_seconds 1700000000\n';
const head = (fields: string, status = '200 OK') => `HTTP/1.1 ${status}\r\n${fields}\r\n\r\n`;
const whole = (page: string) => `${head(`content-type: text/plain; version=0.0.4\r\ncontent-length: ${page.length}`)}${page}`;

function endlessly(socket: net.Socket, text: string): void {
  const block = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  const go = () => {
    while (socket.writable && socket.write(block));
  };
  socket.on('drain', go);
  go();
}

const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, 'process_open_fds 1\n'));

const ANSWERS: Record<string, (socket: net.Socket) => void> = {
  '/good': (s) => s.write(whole(PAGE)),
  '/endless': (s) => {
    s.write(head('content-type: text/plain'));
    endlessly(s, `${'x'.repeat(99)}\n`);
  },
  '/endless-chunked': (s) => {
    s.write(head('transfer-encoding: chunked'));
    endlessly(s, `40\r\n${'x'.repeat(63)}\n\r\n`);
  },
  '/drip': (s) => {
    s.write(head('content-length: 100000'));
    const timer = setInterval(() => s.write('x'), 1000);
    s.on('close', () => clearInterval(timer));
  },
  '/bomb': (s) => {
    s.write(head(`content-encoding: gzip\r\ncontent-length: ${bomb.length}`));
    s.write(bomb);
  },
  '/quiet-bomb': (s) => {
    s.write(head(`content-length: ${bomb.length}`));
    s.write(bomb);
  },
  '/numbers': (s) =>
    s.write(whole('process_open_fds NaN\nprocess_max_fds +Inf\nsniproxy_accepted_total 1e400\nprocess_resident_memory_bytes -Inf\n')),
  '/million': (s) => {
    s.write(head('connection: close'));
    let n = 0;
    const go = () => {
      while (s.writable && n < 1_000_000) {
        let block = '';
        for (let i = 0; i < 1000; i++) block += `process_open_fds{series="${n++}"} 1\n`;
        if (!s.write(block)) return;
      }
      s.end();
    };
    s.on('drain', go);
    go();
  },
  '/redirect': (s) => s.write(head('location: http://169.254.169.254/latest/meta-data\r\ncontent-length: 0', '302 Found')),
  '/html': (s) => s.write(`${head('content-type: text/html\r\ncontent-length: 23')}<html>sign in</html>\n\n\n`),
  '/http09': (s) => s.end(PAGE),
  '/mid-body': (s) => s.end(`${head('content-length: 1000')}${PAGE}`),
  '/chunk-lies': (s) => s.write(`${head('transfer-encoding: chunked')}5\r\n${PAGE}\r\n0\r\n\r\n`),
  '/chunk-nonsense': (s) => s.write(`${head('transfer-encoding: chunked')}-5\r\n${PAGE}\r\n0\r\n\r\n`),
  '/two-ends': (s) => s.write(`${head('transfer-encoding: chunked\r\ncontent-length: 5')}0\r\n\r\n`),
  '/two-lengths': (s) => s.write(`${head('content-length: 5\r\ncontent-length: 70')}${PAGE}`),
  '/short-length': (s) => s.write(`${head('content-length: 12')}${PAGE}`),
  '/negative': (s) => s.write(`${head('content-length: -1')}${PAGE}`),
  '/huge-head': (s) => {
    s.write('HTTP/1.1 200 OK\r\n');
    endlessly(s, `x: ${'y'.repeat(90)}\r\n`);
  },
  '/interim': (s) => endlessly(s, 'HTTP/1.1 100 Continue\r\n\r\n'),
  // a second answer that nobody asked for, to be taken for the next one
  '/smuggled': (s) => s.write(whole(PAGE) + whole(PAGE.replace('100', '666'))),
};

const server = net.createServer((socket) => {
  let request = '';
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    request += data.toString('latin1');
    if (!request.includes('\r\n\r\n')) return;
    const path = request.split(' ')[1] ?? '';
    request = '';
    const answer = ANSWERS[path];
    if (answer) answer(socket);
    else socket.write(head('content-length: 0', '404 Not Found'));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address ? address.port : 0);
});
