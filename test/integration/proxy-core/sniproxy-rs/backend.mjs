// Listens on the ports given and answers each first chunk with the port and how many bytes came, over HTTP where the port is 80.
import net from 'node:net';

for (const port of process.argv.slice(2).map(Number))
  net
    .createServer((socket) => {
      socket.on('error', () => {});
      if (port === 2222) socket.write('SSH-2.0-backend\r\n');
      socket.on('data', (chunk) => {
        const body = `${port} ${chunk.length}`;
        socket.write(port === 80 ? `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` : body);
      });
    })
    .listen(port, '93.184.216.34');
