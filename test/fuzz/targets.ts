import { isIp } from '../../proxy-core/src/contract/addresses.ts';
import { requestHead } from '../../proxy-core/src/http-pool/rewrite.ts';
import { parseAskedName, parseAuthority } from '../../proxy-core/src/parse/asked-name.ts';
import { parseClientHello } from '../../proxy-core/src/parse/client-hello.ts';
import { readConfig } from '../../proxy-core/src/parse/config-file.ts';
import { FirstFlight } from '../../proxy-core/src/parse/first-flight.ts';
import { H2_PREFACE } from '../../proxy-core/src/parse/h2-head.ts';
import { HpackDecoder } from '../../proxy-core/src/parse/hpack.ts';
import { HttpBody, type HttpRequest, HttpRequestReader, readHttpResponse } from '../../proxy-core/src/parse/http-message.ts';
import { formatProxyHeader, readProxyHeader } from '../../proxy-core/src/parse/proxy-header.ts';
import { InitialFlow, type QuicVerdict } from '../../proxy-core/src/quic/initial-flow.ts';
import { readPacket } from '../../proxy-core/src/quic/packet.ts';
import { QUIC_V1, QUIC_V2 } from '../../proxy-core/src/quic/versions.ts';
import { FlowTable } from '../../proxy-core/src/udp/flow-table.ts';
import { FlowIds } from '../../proxy-core/src/udp/ids.ts';
import { frame, h2Get, literal, REQUEST, requestBlock, SETTINGS } from '../support/h2-bytes.ts';
import { cryptoFrame, sealInitial } from '../support/quic-initial.ts';
import { alpn, extension, handshake, helloBody, helloFor, hostName, records, serverNames } from '../unit/proxy-core/hello-bytes.ts';
import type { Random } from './random.ts';

/** One parser under test. `run` throws when a promise is broken; its answer is only looked at to compare two readings. */
export type Target = {
  name: string;
  /** how often it is chosen, beside the others */
  weight: number;
  seeds: readonly Buffer[];
  run(input: Buffer, random: Random): void;
};

export class Broken extends Error {}

function same(what: string, whole: unknown, cut: unknown): void {
  const [a, b] = [JSON.stringify(whole), JSON.stringify(cut)];
  if (a !== b) throw new Broken(`${what}: ${a} at once, ${b} in pieces`);
}

/** Pieces of the input, mostly small, sometimes single bytes. */
function* cuts(input: Buffer, random: Random): Generator<Buffer> {
  const most = random.pick([2, 16, 64, 300, 300, 300, 1500, 1500, 20_000]);
  const least = input.length > 8192 ? 64 : 1;
  for (let at = 0; at < input.length; ) {
    const end = at + least + random.below(most);
    yield input.subarray(at, end);
    at = end;
  }
}

function firstFlight(input: Buffer, random: Random): void {
  const whole = new FirstFlight();
  whole.append(input);
  const verdict = whole.read();
  const flight = new FirstFlight();
  let found: unknown = { kind: 'more' };
  for (const piece of cuts(input, random)) {
    flight.append(Buffer.from(piece));
    const one = flight.read();
    found = one;
    if (one.kind !== 'more') break;
  }
  same('first flight', verdict, found);
  if (!input.subarray(0, flight.bytes.length).equals(flight.bytes)) throw new Broken('first flight: bytes are not kept as they came');
  if (verdict.kind === 'asked' && verdict.asked.name !== null) usable(verdict.asked.name);
}

/** A client that is greeted as soon as it may wait for that: its acknowledgement alone is kept from the backend. */
function greeted(input: Buffer, random: Random): void {
  firstFlight(input, random);
  const flight = new FirstFlight();
  let given = 0;
  for (const piece of cuts(input, random)) {
    flight.append(Buffer.from(piece));
    given += piece.length;
    const verdict = flight.read();
    if (flight.awaitsSettings) flight.greet();
    if (verdict.kind === 'more') continue;
    const kept = flight.forBackend;
    if (kept.length !== given && kept.length !== given - 9) throw new Broken(`h2: ${kept.length} bytes of ${given} are forwarded`);
    if (verdict.kind === 'asked' && verdict.asked.name !== null) usable(verdict.asked.name);
    return;
  }
}

/** What a name may be that routing is asked for. */
function usable(name: string): void {
  if (!isIp(name) && (!/^[a-z0-9._-]{1,253}$/.test(name) || name.startsWith('.') || name.endsWith('.')))
    throw new Broken(`a name like ${JSON.stringify(name)} must not come out`);
}

function clientHello(input: Buffer, random: Random): void {
  const hello = parseClientHello(input, 0, input.length);
  if (hello?.name) usable(hello.name);
  if (input.length > 60_000) return;
  const flight = new FirstFlight();
  flight.append(records(handshake(input), 1 + random.below(400)));
  const verdict = flight.read();
  const limit = flight.bytes.length > 131_072;
  if (!limit && verdict.kind === 'asked') same('hello in records', hello?.name, verdict.asked.name);
  else if (!limit && hello !== null) throw new Broken(`hello in records: ${JSON.stringify(verdict)}`);
}

function hpack(input: Buffer, random: Random): void {
  const decoder = new HpackDecoder({ maxBytes: 65_536, tableBytes: random.pick([0, 64, 4096]) });
  const at = random.below(input.length + 1);
  for (const block of [input.subarray(0, at), input.subarray(at)]) {
    const fields = decoder.decode(block);
    const bytes = (fields ?? []).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    if (bytes > 65_536 || decoder.table.bytes > 4096 || decoder.table.bytes < 0)
      throw new Broken(`hpack: ${bytes} bytes, table ${decoder.table.bytes}`);
  }
}

function proxyHeader(input: Buffer, random: Random): void {
  const whole = readProxyHeader(input);
  let found: unknown = 'more';
  let length = 0;
  for (const piece of cuts(input, random)) {
    length += piece.length;
    const one = readProxyHeader(input.subarray(0, length));
    found = one;
    if (one !== 'more') break;
  }
  if (input.length > 0) same('proxy header', whole, found);
  if (typeof whole === 'string' || whole.source === null || whole.destination === null) return;
  if (whole.length > input.length) throw new Broken('proxy header: longer than what came');
  for (const version of ['v1', 'v2'] as const) {
    const again = readProxyHeader(formatProxyHeader(version, whole.source, whole.destination));
    if (typeof again === 'string' || again.source?.port !== whole.source.port)
      throw new Broken(`proxy header: ${version} is not read back`);
  }
}

function authority(input: Buffer): void {
  const text = input.toString('latin1');
  const read = parseAuthority(text);
  if (read !== null) {
    usable(read.host);
    const host = read.host.includes(':') ? `[${read.host}]` : read.host;
    same('authority', read, parseAuthority(read.port === null ? host : `${host}:${read.port}`));
  }
  const name = parseAskedName(text);
  if (name !== null) usable(name);
}

/** Any bytes as datagrams: two bytes of length in front of each. */
function datagrams(input: Buffer): void {
  const flow = new InitialFlow();
  for (let at = 0; at + 2 <= input.length; ) {
    const end = at + 2 + input.readUInt16BE(at);
    const datagram = input.subarray(at + 2, end);
    for (let start = 0; start < datagram.length; ) {
      const packet = readPacket(datagram, start);
      if (packet === null || !('end' in packet)) break;
      if (packet.end <= start || packet.end > datagram.length) throw new Broken(`datagram: a packet from ${start} to ${packet.end}`);
      start = packet.end;
    }
    const verdict = flow.push(datagram);
    if (verdict.kind === 'asked' && verdict.hello.name !== null) usable(verdict.hello.name);
    at = end;
  }
}

/**
 * Datagrams that two flows get, each with a byte in front: from which flow's server, from its client, or that the flow ends. The table must
 * hold ids of living flows alone, sixteen of each at most, and nothing when both have ended.
 */
function flowIds(input: Buffer): void {
  const table = new FlowTable<{ name: string }, { flow: { name: string } }>();
  const flows = ['a', 'b'].map((name) => ({ name }));
  const ids = flows.map((flow) => new FlowIds(table, flow));
  for (let at = 0; at < input.length; ) {
    const what = input[at] ?? 0;
    const end = at + 1 + (what >> 3) * 2;
    const datagram = input.subarray(at + 1, end);
    const one = ids[what & 1];
    if ((what & 6) === 0) one?.learnFromServer(datagram);
    else if ((what & 6) === 6) one?.clear();
    else {
      const isLast = one?.isLast(datagram) ?? false;
      if (one?.provedBy(datagram, (what & 2) === 2) && isLast) throw new Broken('flow ids: what was last proves nothing new');
    }
    table.byShortHeader(datagram);
    if (table.sizes.ids > 32 || table.sizes.lengths !== table.sizes.ids) throw new Broken(`flow ids: ${JSON.stringify(table.sizes)}`);
    at = end;
  }
  for (const one of ids) one.clear();
  if (table.sizes.ids !== 0) throw new Broken('flow ids: an id outlives its flow');
}

/** Payloads of Initial packets before they are protected, cut at 0xff 0xff: the same in every order, as long as nothing ends the flow early. */
function payloads(input: Buffer, random: Random): void {
  const parts: Buffer[] = [];
  for (let at = 0; at < input.length && parts.length < 6; ) {
    const cut = input.indexOf('\xff\xff', at, 'latin1');
    const end = cut < 0 ? input.length : cut;
    parts.push(input.subarray(at, Math.min(end, at + 8000)));
    at = end + 2;
  }
  const version = random.pick([QUIC_V1, QUIC_V2]);
  const sealed = parts.map((part, packetNumber) =>
    sealInitial(part, { version, packetNumber, size: 1200, numberBytes: 1 + random.below(4) }),
  );
  const verdicts = [sealed, [...sealed].reverse()].map((order) => {
    const flow = new InitialFlow();
    let last: QuicVerdict = { kind: 'no-match' };
    for (const datagram of order) last = flow.push(datagram);
    return last;
  });
  for (const verdict of verdicts) if (verdict.kind === 'asked' && verdict.hello.name !== null) usable(verdict.hello.name);
  const [forward, backward] = verdicts;
  if (forward?.kind === 'asked' && backward?.kind === 'asked') same('payloads in both orders', forward.hello, backward.hello);
}

function config(input: Buffer): void {
  const { config: read, findings } = readConfig(input.subarray(0, 2000));
  if (read === null && findings.length === 0) throw new Broken('config: refused without a word why');
}

/** The messages of a stream as a connection is taken apart into them: each head, the bytes of its body, and where it stopped. */
function messages(pieces: Iterable<Buffer>, responses: boolean): unknown[] {
  const seen: unknown[] = [];
  let pending: Buffer = Buffer.alloc(0);
  let reader = new HttpRequestReader();
  let body: HttpBody | null = null;
  let length = 0;
  for (const piece of pieces) {
    pending = Buffer.concat([pending, piece]);
    for (;;) {
      if (body !== null) {
        const taken = body.take(pending);
        if (taken === null) return [...seen, 'no body'];
        length += taken;
        pending = Buffer.from(pending.subarray(taken));
        if (!body.done) break;
        seen.push(length);
        [body, length, reader] = [null, 0, new HttpRequestReader()];
      }
      const head = responses ? readHttpResponse(pending, 'GET') : reader.read(pending);
      if (head === 'more') break;
      if (typeof head === 'string') return [...seen, head];
      seen.push({ ...head, fields: head.fields.length });
      if ('method' in head) sameBehind(head);
      body = new HttpBody(head.body);
      pending = Buffer.from(pending.subarray(head.length));
    }
  }
  return [...seen, body === null ? 'head' : length + pending.length];
}

/** What a backend gets says what the client said: the same host, the same end. */
function sameBehind(request: HttpRequest): void {
  const again = new HttpRequestReader().read(requestHead(request));
  if (typeof again === 'string') throw new Broken(`a head that is passed on is ${again}`);
  const facts = (of: HttpRequest) => [of.method, of.target, of.version, of.name, of.port, of.body, of.upgrades];
  same('the head that is passed on', facts(request), facts(again));
  if (again.mismatch) throw new Broken('the head that is passed on names two hosts');
}

const httpMessages =
  (responses: boolean) =>
  (input: Buffer, random: Random): void =>
    same('messages', messages([input], responses), messages(cuts(input, random), responses));

const hello = (name: string) =>
  handshake(
    helloBody({ extensions: [extension(0x0a0a), serverNames(hostName(name)), alpn('h2', 'http/1.1'), extension(0xfe0d, Buffer.alloc(9))] }),
  );
const text = (value: string) => Buffer.from(value, 'latin1');
const HTTP = [
  text('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  text('\r\nPOST http://b.example:81/x HTTP/1.1\r\nAccept: */*\r\nhOsT:\t[2001:db8::1]:80 \r\n\r\nbody'),
  text('OPTIONS * HTTP/1.0\r\n\r\n'),
  text('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n'),
];
const MESSAGES = [
  text(
    'POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n4;x="y"\r\nbody\r\n00\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n',
  ),
  text(
    'PUT http://a.example/ HTTP/1.1\r\nHost: b\r\nConnection: x, Upgrade\r\nUpgrade: y\r\nX: 1\r\nTE: trailers\r\nContent-Length: 4\r\n\r\nbodyGET /',
  ),
];
const RESPONSES = [
  text(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n',
  ),
  text('HTTP/1.1 200\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcHTTP/1.0 404 Not Found\r\n\r\nrest'),
];
const H2 = [
  h2Get('a.example:80'),
  Buffer.concat([
    H2_PREFACE,
    SETTINGS,
    frame(8, 0, 0, Buffer.alloc(4)),
    frame(2, 0, 3, Buffer.alloc(5)),
    frame(6, 0, 0, Buffer.alloc(8)),
    frame(1, 0x29, 1, Buffer.concat([Buffer.from([3]), Buffer.alloc(5), REQUEST, Buffer.alloc(3)])),
    frame(9, 4, 1, literal(':authority', 'c.example')),
  ]),
  h2Get(null, literal('host', 'a.example')),
  Buffer.concat([H2_PREFACE, SETTINGS, frame(4, 1, 0), h2Get('a.example').subarray(H2_PREFACE.length + SETTINGS.length)]),
];
const BLOCKS = [
  requestBlock('a.example', literal('x', 'y')),
  Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'),
  Buffer.from('3fe11f4003612d62036364653e828685be5886a8eb10649cbf', 'hex'),
];
const PROXY = [
  text('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nrest'),
  text('PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 65535\r\n'),
  text('PROXY UNKNOWN anything\r\n'),
  formatProxyHeader('v2', { host: '192.0.2.1', port: 1 }, { host: '198.51.100.1', port: 443 }),
  formatProxyHeader('v2', { host: '2001:db8::1', port: 1 }, { host: '2001:db8::2', port: 443 }),
  Buffer.from('0d0a0d0a000d0a515549540a2111001ac0000201c633640100010 1bb04000200000300041234567801000100'.replace(/ /g, ''), 'hex'),
];
const prefixed = (...list: Buffer[]) => Buffer.concat(list.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 255]), one]));
/** A server's packet, packets of its client with that id and with a new one, and both again for another flow. */
const FLOW_IDS = Buffer.concat(
  [0, 1].flatMap((flow) => [
    Buffer.from([(12 << 3) | flow, 0xc0, 0, 0, 0, 1, 2, 1, 1, 8, 1, 2, 3, 4, 5, 6, 7, flow, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([(5 << 3) | 4 | flow, 0x41, 1, 2, 3, 4, 5, 6, 7, flow, 0]),
    Buffer.from([(5 << 3) | 2 | flow, 0x41, 9, 8, 7, 6, 5, 4, 3, flow, 0]),
  ]),
);
const whole = handshake(
  helloBody({
    extensions: [extension(0x39, Buffer.from('04048000ffff010480007530', 'hex')), serverNames(hostName('quic.example')), alpn('h3')],
  }),
);
const split = [
  cryptoFrame(0, whole.subarray(0, 40)),
  Buffer.from([0xff, 0xff]),
  cryptoFrame(40, whole.subarray(40)),
  Buffer.from([1, 2, 0, 0, 0, 0]),
];

export const TARGETS: readonly [Target, ...Target[]] = [
  { name: 'first-flight', weight: 250, run: firstFlight, seeds: [helloFor('a.example'), helloFor('b.example', 7), ...HTTP, ...H2, text('SSH-2.0-x y\r\n'), Buffer.from('802e0103010015', 'hex')] },
  { name: 'client-hello', weight: 200, run: clientHello, seeds: [hello('c.example').subarray(4), helloBody(), helloBody({ extensions: null })] },
  { name: 'http', weight: 150, run: firstFlight, seeds: HTTP },
  { name: 'h2', weight: 150, run: greeted, seeds: H2 },
  { name: 'http-requests', weight: 120, run: httpMessages(false), seeds: [...MESSAGES, ...HTTP] },
  { name: 'http-responses', weight: 80, run: httpMessages(true), seeds: RESPONSES },
  { name: 'hpack', weight: 100, run: hpack, seeds: BLOCKS },
  { name: 'proxy-header', weight: 80, run: proxyHeader, seeds: PROXY },
  { name: 'authority', weight: 50, run: authority, seeds: [text('a.example:80'), text('[::1]:80'), text('10.0.0.1'), text('A.example.')] },
  { name: 'quic-datagrams', weight: 15, run: datagrams, seeds: [prefixed(sealInitial(cryptoFrame(0, whole), { size: 1200 })), prefixed(Buffer.from('80000000000004010203040000000100000002', 'hex'))] },
  { name: 'quic-payloads', weight: 3, run: payloads, seeds: [cryptoFrame(0, whole), Buffer.concat(split)] },
  { name: 'flow-ids', weight: 40, run: flowIds, seeds: [FLOW_IDS] },
  { name: 'config', weight: 1, run: config, seeds: [text('listen_addrs: ["0.0.0.0:443"]\nroutes:\n  - { match: a.example, backends: ["10.0.0.1:443"] }\n')] },
]; // biome-ignore format: a table
