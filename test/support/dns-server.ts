import dgram from 'node:dgram';
import { once } from 'node:events';

/** Addresses of a name in one family; null = the name does not exist; "silence" = no answer at all. */
export type DnsAnswer = readonly string[] | null | 'silence';
const [A, AAAA, NXDOMAIN] = [1, 28, 3];

/** A DNS server on loopback that answers as `answer` says, and remembers what it was asked ("name A", "name AAAA"). */
export async function dnsServer(
  owner: { after(fn: () => unknown): void },
  answer: (name: string, type: 'A' | 'AAAA') => DnsAnswer | Promise<DnsAnswer>,
  ttlSeconds = 0,
): Promise<{ address: string; asked: string[] }> {
  const socket = dgram.createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', async (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    const kind = type === AAAA ? 'AAAA' : 'A';
    asked.push(`${name} ${kind}`);
    const found = type === A || type === AAAA ? await answer(name, kind) : [];
    if (found === 'silence') return;
    const head = Buffer.from(query.subarray(0, at + 5));
    head.writeUInt16BE(0x8180 | (found === null ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(found?.length ?? 0, 6);
    head.fill(0, 8, 12);
    const records = (found ?? []).map((address) => {
      const data = type === A ? Buffer.from(address.split('.').map(Number)) : v6(address);
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(ttlSeconds, 6);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    socket.send(Buffer.concat([head, ...records]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  owner.after(() => socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

function v6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [front, back] = [groups(head), groups(tail)];
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
