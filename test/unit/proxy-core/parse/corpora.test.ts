import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { FirstFlight } from '../../../../proxy-core/src/parse/first-flight.ts';
import { createRandom, type Random } from '../../../fuzz/random.ts';
import { readCapture } from '../pcap.ts';

const root = process.env.HEADROOM_TEST_DATA;
const corpora = root === undefined ? null : path.join(root, 'corpora');
const missing =
  corpora === null || !fs.existsSync(path.join(corpora, 'INDEX.tsv')) ? 'HEADROOM_TEST_DATA names no folder with corpora' : false;

/** A row of the index: what a second parser, written by others, made of a sample. */
type Row = { file: string; offset: number; flow: string; status: string; sni: string };
type Sample = Row & { pieces: readonly Buffer[] };

/** Rows that are no first flight of a TLS client: another format, and files in which no TLS record was found. */
const NOT_SAMPLES = new Set(['', 'other_format', 'no_record']);

function samples(): Sample[] {
  const rows = fs
    .readFileSync(path.join(corpora ?? '', 'INDEX.tsv'), 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .map(([file = '', offset = '0', flow = '', status = '', , , sni = '']) => ({ file, offset: Number(offset), flow, status, sni }))
    .filter(({ status }) => !NOT_SAMPLES.has(status));
  return rows.map((row) => ({ ...row, pieces: piecesOf(row) }));
}

function piecesOf({ file, offset, flow }: Row): Buffer[] {
  const at = path.join(corpora ?? '', file);
  if (/[.]pcap([.]gz)?$/.test(file)) {
    const ports = (text: string) => text.replace(/[^>]*:/g, '');
    return readCapture(at).find((one) => one.protocol === 'tcp' && ports(one.flow) === ports(flow))?.payloads ?? [];
  }
  const bytes = fs.readFileSync(at);
  return file.startsWith('utls-') ? [fromHexdump(bytes.toString('latin1'))] : [bytes.subarray(offset)];
}

/** The client's first flow of a text of hexdumps. */
function fromHexdump(text: string): Buffer {
  const flow = /Flow 1 \(client to server\)\n([\s\S]*?)(?:>>>|$)/.exec(text)?.[1] ?? '';
  const hex = flow.split('\n').map((line) => /^[0-9a-f]{8} {2}((?:[0-9a-f]{2} {1,2})+)/.exec(line)?.[1] ?? '');
  return Buffer.from(hex.join('').replace(/\s/g, ''), 'hex');
}

function verdictOf(pieces: Iterable<Buffer>): string {
  const flight = new FirstFlight();
  for (const piece of pieces) {
    flight.append(Buffer.from(piece));
    const verdict = flight.read();
    if (verdict.kind === 'asked') return `asked ${verdict.asked.name ?? '-'}`;
    if (verdict.kind === 'refused') return `refused ${verdict.reason}`;
  }
  return 'more';
}

/** What the index's word for a sample means here. */
function agrees({ status, sni }: Row, verdict: string): boolean {
  if (status === 'ok') return verdict === `asked ${sni.toLowerCase().replace(/[.]$/, '')}`;
  if (status.startsWith('ok_no')) return verdict === 'asked -';
  if (status === 'need_more') return verdict === 'more';
  if (status === 'not_client_hello' || status === 'hello_too_large' || status === 'sslv2') return verdict === `refused ${status}`;
  if (status === 'not_tls') return !verdict.startsWith('asked') && !verdict.includes('sni');
  if (status === 'bad_record_version') return verdict === 'refused unknown_protocol';
  return verdict === 'refused sni_malformed';
}

/**
 * RFC 6066 3: "The hostname is represented as a byte string using ASCII encoding without a trailing dot"; such a name has letters, digits,
 * "-", "_" and ".". The second parser refuses NUL alone; these made-up names have other bytes, and a log or a pattern must never see them.
 */
const isNoHostName = ({ status, sni }: Row) => status === 'ok' && !/^[A-Za-z0-9._-]+$/.test(sni);
/** Where the two differ otherwise: the sample, and the sentence by which this one decides. */
const DIFFERENCES: Record<string, string> = {
  'zeek/tls/tls-fragmented-handshake.pcap.gz':
    'RFC 6066 3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"." A hello that names one names no host.',
};
const INNER_LENGTH =
  'RFC 8446 3.4: "Peers which receive a message which cannot be parsed according to the syntax (e.g., have a length extending beyond the ' +
  'message boundary or contain an out-of-range length) MUST terminate the connection with a "decode_error" alert." A length in its ALPN extension does.';
for (const file of [
  'boringssl/server_corpus/1fd6bd44d7c69c097e7b417b0987eef60ad7426d',
  ...['0327c86110e95c2f2cb7b0790714ca2fc59e567f', '187e7530be8680c6583170cea10c5653b77e2523'].map(
    (name) => `openssl-fuzz-corpora/server/${name}`,
  ),
])
  DIFFERENCES[file] = INNER_LENGTH;
DIFFERENCES['openssl-fuzz-corpora/server/961484ea6def94351cd99e99a19af74be1acaaa8'] =
  'RFC 8446 5.1: "Handshake messages MUST NOT be interleaved with other record types." What follows its first records is none, so no more is waited for.';

function* recut(pieces: readonly Buffer[], random: Random): Generator<Buffer> {
  const bytes = Buffer.concat(pieces);
  const most = random.pick([1, 3, 40, 536, 1448]);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(most);
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe('hellos recorded by others', () => {
  test('are judged as a second parser judged them, but for the listed differences', { skip: missing }, (t) => {
    const all = samples();
    assert.ok(all.length > 1900, `${all.length} samples`);
    const other = all.map((row) => ({ row, verdict: verdictOf(row.pieces) })).filter(({ row, verdict }) => !agrees(row, verdict));
    const [odd, rest] = [other.filter(({ row }) => isNoHostName(row)), other.filter(({ row }) => !isNoHostName(row))];
    t.diagnostic(
      `${all.length} samples, ${all.length - other.length} agree, ${odd.length} names that are no host names, ${rest.length} other differences`,
    );
    assert.deepEqual(
      rest.map(({ row }) => row.file).sort(),
      Object.keys(DIFFERENCES).sort(),
      rest.map(({ row, verdict }) => `${row.file} ${row.status} ${verdict}`).join('\n'),
    );
    assert.ok(rest.length <= 10);
    for (const { verdict } of odd) assert.equal(verdict, 'refused sni_malformed');
  });

  test('are judged the same however they are cut, at seeded random borders', { skip: missing }, () => {
    const random = createRandom(8446);
    for (const { file, pieces } of samples()) {
      const whole = verdictOf([Buffer.concat(pieces)]);
      for (let i = 0; i < 4; i += 1) assert.equal(verdictOf(recut(pieces, random)), whole, file);
    }
  });
});
