// "backend PORT": answers each request and ends. "load PORT FILE": asks again and again until FILE is there, then prints how many were
// served.
import fs from 'node:fs';
import net from 'node:net';

const [role, port, file] = process.argv.slice(2);
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

function ask() {
  return new Promise((resolve) => {
    const socket = net.connect({ port: Number(port), host: '127.0.0.1' });
    let text = '';
    let error = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('nothing for 20 s')));
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (e) => {
      error = e.message;
    });
    socket.on('close', () => resolve(error || (text === ANSWER ? '' : `answered with ${JSON.stringify(text)}`)));
    socket.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  });
}

if (role === 'backend') {
  const server = net.createServer((socket) => socket.on('data', () => socket.end(ANSWER)).on('error', () => {}));
  server.listen(Number(port), '127.0.0.1');
} else {
  let served = 0;
  const failures = [];
  const client = async () => {
    while (!fs.existsSync(file)) {
      const failure = await ask();
      if (failure === '') served += 1;
      else failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  process.stdout.write(`served=${served}\nfailures=${failures.length}\nfirst_failure=${failures[0] ?? ''}\n`);
}
