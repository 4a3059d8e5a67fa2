// Sends bytes to a port of this network and prints what came back: { text, closed, ms }. Arguments: port, bytes as hex, and how long to
// listen (ms).
import net from 'node:net';

const [port, hex = '', listenMs] = process.argv.slice(2);
const socket = net.connect({ port: Number(port), host: '127.0.0.1' });
const since = performance.now();
let text = '';
const tell = (closed) => {
  process.stdout.write(JSON.stringify({ text, closed, ms: Math.round(performance.now() - since) }), () => process.exit());
};
socket.setEncoding('latin1').on('data', (chunk) => {
  text += chunk;
});
socket.on('error', () => {});
socket.on('close', () => tell(true));
setTimeout(() => tell(false), Number(listenMs));
if (hex !== '') socket.write(Buffer.from(hex, 'hex'));
