import type { Socket } from 'node:net';
import { type Client, default as ssh2 } from 'ssh2';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { afterReading } from './deadline.ts';
import { connectFailed, timedOut } from './failures.ts';
import { fingerprintOf, type HostKeys } from './host-keys.ts';
import type { SshTarget } from './types.ts';
import { type DialSsh, dialTcp, type Lookup, vetted } from './where.ts';

export type Connection = { client: Client /** of the host key that was verified */; fingerprint: string };

/** A peer that says nothing for this long, asked three times, is dead. */
const KEEPALIVE = { keepaliveInterval: 3000, keepaliveCountMax: 2 };

/** The one place that connects, and it always verifies the host key: ssh2 takes any key where no verifier is set. */
export async function connect(deps: {
  target: SshTarget;
  hostKeys: HostKeys;
  privateKey: string;
  timeoutMs: number;
  lookup?: Lookup;
  dial?: DialSsh;
}): Promise<Connection> {
  const { target, hostKeys, timeoutMs, lookup, dial = dialTcp } = deps;
  const client = new ssh2.Client();
  let fingerprint: string | undefined;
  let refusal: unknown;
  let socket: Socket | null = null;
  let over = false;
  return new Promise<Connection>((resolve, reject) => {
    const timer = afterReading(timeoutMs, () => fail(timedOut(target, timeoutMs)));
    const fail = (error: unknown) => {
      over = true;
      timer.cancel();
      client.removeAllListeners();
      // errors of a connection that nobody waits for any more
      client.on('error', () => {});
      client.destroy();
      socket?.destroy();
      reject(isHeadroomError(error) ? error : connectFailed(target, error, timeoutMs));
    };
    client.once('ready', () => {
      if (fingerprint === undefined) return fail(new Error('the host key was not verified'));
      timer.cancel();
      client.removeAllListeners();
      client.setNoDelay(true);
      resolve({ client, fingerprint });
    });
    client.on('error', (error) => fail(refusal ?? error));
    client.once('close', () => fail(refusal ?? new Error('the connection was closed before it was set up')));
    const begin = async () => {
      const addresses = await vetted(target, target.host, lookup);
      if (over) return;
      socket = await dial({ host: target.host, port: target.sshPort, addresses });
      if (over) return void socket.destroy();
      client.connect({
        sock: socket,
        username: target.user,
        privateKey: deps.privateKey,
        // ours is the deadline
        readyTimeout: 0,
        ...KEEPALIVE,
        hostVerifier: (key: Buffer, verified: (ok: boolean) => void) => {
          hostKeys.verify(target, key).then(
            (error) => {
              refusal = error;
              if (error === null) fingerprint = fingerprintOf(key);
              verified(error === null);
            },
            (error) => {
              refusal = error;
              verified(false);
            },
          );
        },
      });
    };
    begin().catch(fail);
  });
}
