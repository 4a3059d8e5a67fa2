import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cryptoFrame, DCID, type Sealed, sealInitial, varint } from '#test/support/quic-initial.ts';
import { CryptoStream, MAX_CRYPTO } from '../../../../proxy-core/src/quic/crypto-stream.ts';
import { InitialFlow, type QuicVerdict } from '../../../../proxy-core/src/quic/initial-flow.ts';
import { initialKeys } from '../../../../proxy-core/src/quic/initial-keys.ts';
import { readPacket } from '../../../../proxy-core/src/quic/packet.ts';
import { readVarint } from '../../../../proxy-core/src/quic/varint.ts';
import { QUIC_V1, QUIC_V2 } from '../../../../proxy-core/src/quic/versions.ts';
import { extension, handshake, helloBody, hostName, serverNames } from '../hello-bytes.ts';

/** The CRYPTO frame of RFC 9001 A.2 and RFC 9369 A.2, which a packet of 1,200 bytes carries. */
const RFC_FRAME = Buffer.from(
  '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578' +
    '616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa47fba' +
    'baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100' +
    '3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff',
  'hex',
);
const VECTORS = {
  'version 1, RFC 9001 A.2': {
    version: QUIC_V1,
    keys: ['1f369613dd76d5467730efcbe3b1a22d', 'fa044b2f42a3fd3b46fb255c', '9f50449e04a0e810283a1e9933adedd2'],
    start: 'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b',
    tag: 'e221af44860018ab0856972e194cd934',
  },
  'version 2, RFC 9369 A.2': {
    version: QUIC_V2,
    keys: ['8b1a0bc121284290a29e0971b5cd045d', '91f73e2351d8fa91660e909f', '45b95e15235d6f45a6b19cbcb0294ba9'],
    start: 'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071',
    tag: 'a18b2faa745b6fe189cf772a9f84cbfc',
  },
};

const whole = handshake(helloBody({ extensions: [extension(51, Buffer.alloc(1500, 5)), serverNames(hostName('quic.example'))] }));
const piece = (from: number, to: number) => cryptoFrame(from, whole.subarray(from, to));
const sealed = (frames: Buffer, options: Sealed = {}) => sealInitial(frames, { size: 1200, ...options });
const push = (...datagrams: Buffer[]): QuicVerdict => {
  const flow = new InitialFlow();
  let verdict: QuicVerdict = { kind: 'no-match' };
  for (const datagram of datagrams) verdict = flow.push(datagram);
  return verdict;
};
const nameOf = (verdict: QuicVerdict) =>
  verdict.kind === 'asked' ? verdict.hello.name : verdict.kind === 'refused' ? verdict.reason : verdict.kind;

for (const [name, { version, keys, start, tag }] of Object.entries(VECTORS))
  describe(`the example of ${name}`, () => {
    test('has these keys', () => {
      const { key, iv, hp } = initialKeys(version, DCID, 'client');
      assert.deepEqual(
        [key, iv, hp].map((bytes) => bytes.toString('hex')),
        keys,
      );
    });

    test('is opened and names example.com', () => {
      const datagram = sealInitial(RFC_FRAME, { version, packetNumber: 2, size: 1200 });
      // Payload and header are the example's, so the authentication tag proves the whole packet to be.
      assert.equal(datagram.subarray(0, start.length / 2).toString('hex'), start);
      assert.equal(datagram.subarray(-16).toString('hex'), tag);
      const verdict = push(datagram);
      assert.equal(nameOf(verdict), 'example.com');
      assert.deepEqual(verdict.kind === 'asked' && [verdict.version.id, verdict.hello.alpn], [version.id, ['alpn']]);
    });
  });

describe('a hello in Initial packets', () => {
  const [first, second, third] = [piece(0, 700), piece(700, 1300), piece(1300, whole.length)];

  test('is read from two or three datagrams, in any order, with repeats', () => {
    const packets = [first, second, third].map((frames, packetNumber) => sealed(frames, { packetNumber }));
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
      [0, 0, 2, 2, 1],
      [1, 1, 0, 2],
    ]) {
      const datagrams = order.map((i) => packets[i] ?? Buffer.alloc(0));
      assert.equal(nameOf(push(...datagrams)), 'quic.example', order.join());
      assert.equal(nameOf(push(...datagrams.slice(0, -1))), 'more', order.join());
    }
  });

  test('is read from coalesced packets, with others among them', () => {
    const two = Buffer.concat([sealInitial(first, { packetNumber: 0 }), sealed(Buffer.concat([second, third]), { packetNumber: 1 })]);
    assert.equal(nameOf(push(two)), 'quic.example');
    const zeroRtt = Buffer.concat([Buffer.from([0xd0, 0, 0, 0, 1, 8]), DCID, Buffer.from([0]), varint(30), Buffer.alloc(30, 9)]);
    assert.equal(
      nameOf(push(Buffer.concat([sealInitial(first), zeroRtt, sealed(Buffer.concat([second, third]), { packetNumber: 1 })]))),
      'quic.example',
    );
  });

  test('is not looked for behind a packet that nobody can open: each attempt costs keys of its own', () => {
    const other = sealInitial(first, { dcid: Buffer.alloc(8, 7) });
    other.writeUInt8((other.at(-1) ?? 0) ^ 1, other.length - 1);
    assert.equal(nameOf(push(Buffer.concat([other, sealed(Buffer.concat([first, second, third]))]))), 'no-match');
  });

  test('is read from many small frames that overlap, out of order, with PING, PADDING and ACK among them', () => {
    const frames: Buffer[] = [];
    for (let at = 0; at < 800; at += 50) frames.unshift(piece(at, at + 70));
    frames.splice(3, 0, Buffer.from([1, 0, 0, 0]), Buffer.from([2, 5, 0, 1, 0, 0, 0]), Buffer.from([3, 5, 0, 0, 0, 1, 1, 1]));
    assert.equal(nameOf(push(sealed(Buffer.concat(frames)), sealed(piece(800, whole.length), { packetNumber: 1 }))), 'quic.example');
  });

  test('may have a packet number of any length, a token, and connection ids of up to 20 bytes', () => {
    const small = cryptoFrame(0, handshake(helloBody({ extensions: [serverNames(hostName('a.example'))] })));
    for (const numberBytes of [1, 2, 3, 4]) assert.equal(nameOf(push(sealed(small, { numberBytes, packetNumber: 200 }))), 'a.example');
    assert.equal(
      nameOf(push(sealed(small, { token: Buffer.alloc(70, 1), scid: Buffer.alloc(20, 2), dcid: Buffer.alloc(20, 3) }))),
      'a.example',
    );
    assert.equal(
      nameOf(push(sealed(small, { token: Buffer.alloc(9, 1), dcid: Buffer.alloc(4, 3) }))),
      'a.example',
      'after a Retry the server chose the id',
    );
  });

  test('keeps its verdict: what comes later changes nothing', () => {
    const flow = new InitialFlow();
    flow.push(sealed(first));
    assert.equal(nameOf(flow.push(sealed(Buffer.concat([second, third]), { packetNumber: 1 }))), 'quic.example');
    assert.equal(nameOf(flow.push(Buffer.alloc(1200))), 'quic.example');
  });
});

describe('what is not a first flight is dropped, and ends nothing', () => {
  const good = sealed(piece(0, 700));
  const rest = sealed(piece(700, whole.length), { packetNumber: 1 });
  const bad: Record<string, Buffer> = {
    'a packet protected with other keys': sealed(piece(0, 700), { keysFrom: Buffer.alloc(8) }),
    'a damaged packet': Buffer.concat([good.subarray(0, 600), Buffer.from([(good[600] ?? 0) ^ 1]), good.subarray(601)]),
    'a datagram below 1,200 bytes': sealInitial(piece(0, 700)),
    'a first connection id of 7 bytes': sealed(piece(0, 700), { dcid: Buffer.alloc(7, 1) }),
    'a short header': Buffer.concat([Buffer.from([0x40]), Buffer.alloc(1200)]),
    'the fixed bit unset': Buffer.alloc(1200),
    nothing: Buffer.alloc(0),
  };
  for (const [what, datagram] of Object.entries(bad))
    test(what, () => {
      assert.equal(nameOf(push(datagram)), 'no-match');
      assert.equal(nameOf(push(good, datagram)), 'more', 'within a flow');
      assert.equal(nameOf(push(datagram, good, datagram, rest)), 'quic.example', 'before and within one that ends well');
    });
});

describe('a flow that is refused', () => {
  test('is of a version that is not known, which is asked of the whole datagram', () => {
    const other = Buffer.concat([Buffer.from('c0face0ff1', 'hex'), Buffer.from([8]), DCID, Buffer.from([0]), Buffer.alloc(1200)]);
    assert.equal(nameOf(push(other)), 'unknown_version');
    assert.equal(nameOf(push(other.subarray(0, 1100))), 'no-match');
  });

  test('has a frame that has no place there, is cut short, sets reserved bits, or says two things at one place', () => {
    for (const hex of ['08', '1d', 'ff', '060048ff', '0200007fff', '1c00004fff'])
      assert.equal(nameOf(push(sealed(Buffer.concat([piece(0, 700), Buffer.from(hex, 'hex')]), { size: 1200 }))), 'quic_malformed', hex);
    assert.equal(nameOf(push(sealed(piece(0, 700), { firstBits: 0x0c }))), 'quic_malformed');
    const twice = Buffer.concat([piece(0, 400), cryptoFrame(300, Buffer.alloc(200, 0xee))]);
    assert.equal(nameOf(push(sealed(twice))), 'quic_malformed');
  });

  test('has no ClientHello first, a malformed one, or one of more than 64 KiB', () => {
    assert.equal(nameOf(push(sealed(cryptoFrame(0, handshake(helloBody(), 2))))), 'not_client_hello');
    assert.equal(
      nameOf(push(sealed(cryptoFrame(0, handshake(helloBody({ extensions: [serverNames(hostName('a b'))] })))))),
      'sni_malformed',
    );
    assert.equal(nameOf(push(sealed(cryptoFrame(0, Buffer.from([1, 1, 0, 1]))))), 'hello_too_large');
    assert.equal(nameOf(push(sealed(cryptoFrame(70_000, Buffer.from([1]))))), 'hello_too_large');
    const endless = Array.from({ length: 64 }, (_, packetNumber) => sealed(piece(0, 100), { packetNumber }));
    assert.equal(nameOf(push(...endless.slice(0, 63))), 'more');
    assert.equal(nameOf(push(...endless)), 'hello_too_large', '64 datagrams that say nothing new');
  });
});

describe('headers', () => {
  test('Version Negotiation and Retry are recognised, of both versions', () => {
    const ids = Buffer.concat([Buffer.from([4, 1, 2, 3, 4, 2, 8, 9])]);
    const negotiation = readPacket(Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0]), ids, Buffer.from('000000016b3343cf', 'hex')]), 0);
    assert.deepEqual(negotiation?.kind === 'version-negotiation' && [negotiation.scid.toString('hex'), negotiation.versions], [
      '0809',
      [1, 0x6b33_43cf],
    ]);
    for (const [first, version] of [
      [0xf0, QUIC_V1],
      [0xc0, QUIC_V2],
    ] as const) {
      const id = Buffer.alloc(4);
      id.writeUInt32BE(version.id);
      const retry = readPacket(Buffer.concat([Buffer.from([first]), id, ids, Buffer.from('token'), Buffer.alloc(16)]), 0);
      assert.equal(retry?.kind === 'retry' && retry.token.toString(), 'token');
    }
  });

  test('that are cut short at any byte are malformed, and nothing is read past the end', () => {
    const header = sealInitial(RFC_FRAME, { token: Buffer.alloc(3), scid: Buffer.alloc(3) });
    for (let length = 1; length < header.length; length += 1)
      assert.equal(readPacket(header.subarray(0, length), 0), null, `${length} bytes`);
    assert.equal(readPacket(header, 0)?.kind, 'initial');
    assert.equal(readPacket(Buffer.concat([Buffer.from([0xc0, 0, 0, 0, 1, 21]), Buffer.alloc(80)]), 0), null, 'an id of 21 bytes');
  });

  test('have the variable-length integers of RFC 9000 A.1', () => {
    for (const [hex, value] of [
      ['25', 37],
      ['4025', 37],
      ['7bbd', 15_293],
      ['9d7f3e7d', 494_878_333],
    ] as const)
      assert.equal(readVarint(Buffer.from(hex, 'hex'), 0)?.value, value);
    assert.equal(readVarint(Buffer.from('c2197c5eff14e88c', 'hex'), 0), null, 'larger than a number is exact');
    assert.equal(readVarint(Buffer.from('9d7f3e', 'hex'), 0), null);
  });
});

describe('a CRYPTO stream', () => {
  test('is bounded in bytes and in pieces', () => {
    const stream = new CryptoStream();
    assert.equal(stream.add(MAX_CRYPTO, Buffer.from([1])), 'too-large');
    for (let i = 0; i < 64; i += 1) assert.equal(stream.add(2 * i + 1, Buffer.from([i])), 'ok');
    assert.equal(stream.add(500, Buffer.from([1])), 'too-large', 'a 65th piece by itself');
    assert.equal(stream.add(0, Buffer.from([9])), 'ok', 'one that touches another joins it');
    assert.deepEqual([...stream.contiguous], [9, 0]);
  });
});
