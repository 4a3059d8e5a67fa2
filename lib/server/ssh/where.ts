import dns from 'node:dns';
import net from 'node:net';
import { isDenied } from '#server/kernel/denied-address.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { addressOf } from './failures.ts';
import type { SshTarget } from './types.ts';

/** Every address of a name; the system's, which takes `2852039166` and `0xa9fea9fe` for addresses, too. */
export type Lookup = (name: string) => Promise<string[]>;
/** A connection to the first of these that answers. Rejects with the system's error. */
export type DialSsh = (to: { host: string; port: number; addresses: string[] }) => Promise<net.Socket>;

const bySystem: Lookup = async (name) => (await dns.promises.lookup(name, { all: true })).map(({ address }) => address);

/** The addresses of a name, each of which was looked at. Throws ssh.unreachable where one leads to metadata services. */
export async function vetted(target: SshTarget, host: string, lookup: Lookup = bySystem): Promise<string[]> {
  const plain = host.replace(/%.*$/, '');
  const addresses = net.isIP(plain) ? [host] : await lookup(host);
  const bad = addresses.find((address) => isDenied(address));
  if (bad === undefined) return addresses;
  throw new HeadroomError(
    'ssh.unreachable',
    `SSH to ${addressOf(target)} is not tried: ${host} leads to ${bad}, where metadata services and no proxies live; give the address of the node`,
  );
}

/** As Node would for the name, over these addresses alone: a name that answers differently a moment later leads nowhere else. */
export const dialTcp: DialSsh = ({ host, port, addresses }) =>
  new Promise((resolve, reject) => {
    const found = addresses.map((address) => ({ address, family: net.isIPv6(address.replace(/%.*$/, '')) ? 6 : 4 }));
    const lookup: net.LookupFunction = (_name, options, done) => {
      if (options.all) return done(null, found);
      const [first] = found;
      done(first ? null : Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), first?.address ?? '', first?.family ?? 4);
    };
    const socket = net.connect({ host, port, lookup, noDelay: true });
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });

/** The one of them that answers, for a program that is given an address: of a name it would ask once more, and might be told another. */
export async function firstAnswering(to: { host: string; port: number; addresses: string[] }): Promise<string> {
  const [only, ...others] = to.addresses;
  if (only !== undefined && others.length === 0) return only;
  const socket = await dialTcp(to);
  const { remoteAddress } = socket;
  socket.destroy();
  if (remoteAddress === undefined) throw Object.assign(new Error('the connection was closed at once'), { code: 'ECONNRESET' });
  return remoteAddress;
}
