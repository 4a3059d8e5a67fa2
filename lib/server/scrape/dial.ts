import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { isDenied } from '#server/kernel/denied-address.ts';
import { ScrapeFailure } from './failure.ts';

/** A connection to one address that was looked at. Rejects with the system's error. */
export type Dial = (address: string, port: number) => Promise<net.Socket>;
/** Every address of a name. */
export type Resolve = (name: string) => Promise<string[]>;

const resolveByDns: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

const dialTcp: Dial = (address, port) =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port, noDelay: true });
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });

export const deniedWords = (url: URL, address: string): string =>
  `${url.host} leads to ${address}, where metadata services and no proxies live; it is not asked. Give the address of the node.`;

/**
 * Opens connections to a node's metrics port. A name is resolved once, each of its addresses is looked at, and the one that is dialled is
 * one that was looked at: a name that answers differently a moment later leads nowhere else.
 */
export function openerTo(
  url: URL,
  { resolve = resolveByDns, dial = dialTcp }: { resolve?: Resolve; dial?: Dial } = {},
): () => Promise<net.Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 80);
  return async () => {
    const addresses = net.isIP(host) ? [host] : await resolve(host);
    let failure: unknown = new ScrapeFailure('unresolved', `${url.host} has no address: the name does not resolve.`);
    for (const address of addresses) {
      if (isDenied(address)) throw new ScrapeFailure('denied', deniedWords(url, address));
    }
    for (const address of addresses) {
      try {
        return await dial(address, port);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
}
