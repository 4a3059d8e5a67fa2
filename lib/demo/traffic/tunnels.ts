import { HOSTS } from '../node/config-file.ts';
import { newKey, pingFrame } from './frames.ts';
import { connectPlain, connectTls, type Target } from './requests.ts';

const PING_EVERY_MS = 15_000;
/** a tunnel that broke is made again after so long at first, then about once a second */
const AGAIN_AFTER_MS = { least: 200, most: 1_000 };

/** One long-lived WebSocket through the proxy: quiet but for its pings, and made again whenever it breaks. */
export function keepTunnel(target: Target, options: { secure: boolean; onOpen: () => void; onLost: () => void }): { stop(): void } {
  let stopped = false;
  let timer: NodeJS.Timeout;
  let close = () => {};
  const open = () => {
    const host = options.secure ? `wss.${HOSTS.live}` : HOSTS.live;
    const socket = options.secure ? connectTls(target, host) : connectPlain(target);
    let pings: NodeJS.Timeout | null = null;
    close = () => socket.destroy();
    socket.once(options.secure ? 'secureConnect' : 'connect', () => {
      socket.write(
        `GET /feed HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${newKey()}\r\n\r\n`,
      );
    });
    socket.once('data', (chunk: Buffer) => {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 101')) return socket.destroy();
      options.onOpen();
      pings = setInterval(() => socket.write(pingFrame()), PING_EVERY_MS * (0.9 + Math.random() * 0.2));
      return undefined;
    });
    socket.on('end', () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => {
      if (pings) {
        clearInterval(pings);
        options.onLost();
      }
      if (!stopped) timer = setTimeout(open, AGAIN_AFTER_MS.least + Math.random() * (AGAIN_AFTER_MS.most - AGAIN_AFTER_MS.least));
    });
  };
  timer = setTimeout(open, Math.random() * AGAIN_AFTER_MS.most);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      close();
    },
  };
}
