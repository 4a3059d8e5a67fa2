import net from 'node:net';
import os from 'node:os';
import { type HostPort, isIpv4, parseCidr } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';

/** Everything that is not a public unicast address (IANA special-purpose registries). Cloud metadata lies in 169.254.0.0/16 and fd00::/8. */
const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
  ...['::/8', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
] as const;
/** Ports below 1024 that speak HTTP or TLS; mail, ssh and the like are not dialled because a client asked. */
const WELL_KNOWN = new Set([80, 443]);
const LOCAL_ADDRESSES_AGE_MS = 10_000;

export type Denial = 'loop' | 'denied_destination';

/** Judges addresses at the moment they are dialled, so that a name cannot resolve to something else in between. */
export class Destinations {
  /** One list a family: BlockList takes IPv4 addresses for mapped IPv6 ones, and ::/8 would hold them all. */
  readonly #denied = { ipv4: new net.BlockList(), ipv6: new net.BlockList() };
  readonly #own: boolean;
  readonly #fleet: ReadonlySet<string>;
  readonly #listeners: () => readonly HostPort[];
  #local = new Set<string>();
  #localAt = 0;

  constructor(config: Config, listeners: () => readonly HostPort[]) {
    this.#own = config.deny_destinations.includes('default');
    this.#fleet = new Set((config.fleet_addresses ?? []).map(plainAddress));
    this.#listeners = listeners;
    for (const entry of config.deny_destinations)
      for (const network of entry === 'default' ? NOT_PUBLIC : [entry]) {
        const cidr = parseCidr(network);
        if (cidr) this.#denied[cidr.family].addSubnet(cidr.address, cidr.prefix, cidr.family);
      }
  }

  /** `trusted`: the operator wrote this backend, so only loops are refused. */
  judge({ host, port }: HostPort, trusted: boolean): Denial | null {
    const address = plainAddress(host);
    if (this.#fleet.has(address)) return 'loop';
    const local = isLoopback(address) || this.#localAddresses().has(address);
    if (local && this.#listeners().some((own) => own.port === port && meets(own.host, address))) return 'loop';
    if (trusted) return null;
    if (this.#own && (local || (port < 1024 && !WELL_KNOWN.has(port)))) return 'denied_destination';
    const family = isIpv4(address) ? 'ipv4' : 'ipv6';
    return this.#denied[family].check(address, family) ? 'denied_destination' : null;
  }

  #localAddresses(): ReadonlySet<string> {
    const now = performance.now();
    if (this.#localAt === 0 || now - this.#localAt > LOCAL_ADDRESSES_AGE_MS) {
      this.#localAt = now;
      const found = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
      this.#local = new Set(found.map(({ address }) => plainAddress(address)));
    }
    return this.#local;
  }
}

const MAX_KNOWN = 4096;
const known = new Map<string, string>();

/** Lower case, and the IPv4 address inside "::ffff:a.b.c.d" in any of its spellings. */
export function plainAddress(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  const plain = makePlain(text);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, plain);
  return plain;
}

function makePlain(text: string): string {
  const address = text.toLowerCase().replace(/%.*$/, '');
  if (isIpv4(address)) return address;
  const full = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(full);
  if (!mapped) return full;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::';

/** Whether a connection to the local `address` reaches a socket that listens on `listener`. "0.0.0.0" as a destination is this host. */
function meets(listener: string, address: string): boolean {
  const own = plainAddress(listener);
  return own === '0.0.0.0' || own === '::' || own === address || address === '0.0.0.0' || address === '::';
}
