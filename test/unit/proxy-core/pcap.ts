import fs from 'node:fs';
import zlib from 'node:zlib';

/** One direction of a conversation. `payloads`: of TCP, the stream's pieces in order without repeats; of UDP, the datagrams. */
export type Conversation = { flow: string; protocol: 'tcp' | 'udp'; payloads: Buffer[] };

type Segment = { flow: string; protocol: 'tcp' | 'udp'; sequence: number; syn: boolean; payload: Buffer };
const [TCP, UDP, FRAGMENT] = [6, 17, 44];
/** Bytes in front of the IP packet by link type: loopback, Ethernet, raw IP, and Linux's cooked ones. */
const LINK = new Map([
  [0, 4],
  [1, 14],
  [101, 0],
  [12, 0],
  [113, 16],
  [276, 20],
]);

/** Conversations of a capture file (pcap, gzipped too) in the order of their first packets. */
export function readCapture(file: string): Conversation[] {
  const raw = fs.readFileSync(file);
  const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? zlib.gunzipSync(raw) : raw;
  const flows = new Map<string, Segment[]>();
  for (const { link, frame } of frames(bytes)) {
    const segment = segmentOf(link, frame);
    if (segment === null) continue;
    const key = `${segment.protocol} ${segment.flow}`;
    const known = flows.get(key) ?? [];
    flows.set(key, known);
    known.push(segment);
  }
  return [...flows.values()].map((segments) => {
    const [first] = segments;
    const { flow = '', protocol = 'tcp' } = first ?? {};
    return { flow, protocol, payloads: protocol === 'udp' ? segments.map(({ payload }) => payload) : inOrder(segments) };
  });
}

function* frames(bytes: Buffer): Generator<{ link: number; frame: Buffer }> {
  const magic = bytes.readUInt32LE(0);
  const isLittle = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  if (!isLittle && magic !== 0xd4c3b2a1 && magic !== 0x4d3cb2a1) return;
  const u32 = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const link = u32(20) & 0xffff;
  for (let at = 24; at + 16 <= bytes.length; ) {
    const size = u32(at + 8);
    yield { link, frame: bytes.subarray(at + 16, at + 16 + size) };
    at += 16 + size;
  }
}

function segmentOf(link: number, frame: Buffer): Segment | null {
  let skip = LINK.get(link);
  if (skip === undefined) return null;
  if (link === 1) while (frame.length > skip && frame.readUInt16BE(skip - 2) === 0x8100) skip += 4;
  const packet = frame.subarray(skip);
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4 && packet.length >= 20) {
    const header = 4 * ((packet[0] ?? 0) & 15);
    const address = (at: number) => packet.subarray(at, at + 4).join('.');
    return transport(packet[9] ?? 0, packet.subarray(header, packet.readUInt16BE(2) || undefined), address(12), address(16));
  }
  if (version !== 6 || packet.length < 40 || packet[6] === FRAGMENT) return null;
  const address = (at: number) => packet.subarray(at, at + 16).toString('hex');
  return transport(packet[6] ?? 0, packet.subarray(40, 40 + packet.readUInt16BE(4)), address(8), address(24));
}

function transport(protocol: number, body: Buffer, from: string, to: string): Segment | null {
  if (body.length < 8) return null;
  const flow = `${from}:${body.readUInt16BE(0)}>${to}:${body.readUInt16BE(2)}`;
  if (protocol === UDP) return { flow, protocol: 'udp', sequence: 0, syn: false, payload: body.subarray(8) };
  if (protocol !== TCP || body.length < 20) return null;
  const header = 4 * ((body[12] ?? 0) >> 4);
  return { flow, protocol: 'tcp', sequence: body.readUInt32BE(4), syn: ((body[13] ?? 0) & 2) !== 0, payload: body.subarray(header) };
}

/** Pieces of the stream from its beginning up to the first gap. */
function inOrder(segments: readonly Segment[]): Buffer[] {
  const syn = segments.find((segment) => segment.syn);
  const data = segments.filter(({ payload }) => payload.length > 0);
  const start = syn === undefined ? data[0]?.sequence : syn.sequence + 1;
  if (start === undefined) return [];
  const placed = data.map(({ sequence, payload }) => ({ at: (sequence - start) | 0, payload })).sort((a, b) => a.at - b.at);
  const pieces: Buffer[] = [];
  let next = 0;
  for (const { at, payload } of placed) {
    if (at > next) break;
    if (at + payload.length <= next) continue;
    pieces.push(payload.subarray(next - at));
    next = at + payload.length;
  }
  return pieces;
}
