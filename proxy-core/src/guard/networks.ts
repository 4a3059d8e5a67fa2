import net from 'node:net';
import { isIpv4, parseCidr } from '../contract/addresses.ts';
import { plainAddress } from './destinations.ts';

/** Whether an address is in one of the networks; a mapped IPv4 address is in those of IPv4. */
export function createNetworks(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const lists = { ipv4: new net.BlockList(), ipv6: new net.BlockList() };
  for (const network of networks) {
    const cidr = parseCidr(network);
    if (cidr) lists[cidr.family].addSubnet(cidr.address, cidr.prefix, cidr.family);
  }
  return (text) => {
    const address = plainAddress(text);
    const family = isIpv4(address) ? 'ipv4' : 'ipv6';
    return lists[family].check(address, family);
  };
}
