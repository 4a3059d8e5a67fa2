import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '#test/support/cpu-time.ts';
import { checkConfig } from '../../../../proxy-core/src/contract/check.ts';
import { RouteTable } from '../../../../proxy-core/src/route/table.ts';
import { alpn, extension, type HelloParts, handshake, helloBody, helloFor, hostName, records, serverNames } from '../hello-bytes.ts';
import { judged, readFlight } from '../read-flight.ts';

const NAME = 'a.example';
const sni = (name: string | Buffer = NAME) => serverNames(hostName(name));
const hello = (parts: HelloParts = { extensions: [sni()] }, size?: number) => records(handshake(helloBody(parts)), size);
const withExtensions = (...extensions: Buffer[]) => judged(hello({ extensions }));
const asked = (bytes: Buffer) => {
  const { verdict } = readFlight(bytes);
  return verdict.kind === 'asked' ? verdict.asked : null;
};
const MALFORMED = 'refused sni_malformed';
const whole = handshake(helloBody({ extensions: [sni()] }));
const splitAt = (at: number) => Buffer.concat([records(whole.subarray(0, at)), records(whole.subarray(at))]);

test('case 1: one to four bytes decide nothing', () => {
  for (let length = 1; length <= 4; length += 1) assert.equal(judged(helloFor(NAME).subarray(0, length)), 'more');
});

test('case 2: a hello that comes byte by byte is routed, in time in proportion to its size', () => {
  const big = hello({ extensions: [extension(35, Buffer.alloc(16_000)), extension(36, Buffer.alloc(40_000)), sni()] });
  const started = cpuMs();
  assert.equal(judged(big, 1), NAME);
  assert.ok(cpuMs() - started < 3000, `${big.length} reads took ${(cpuMs() - started).toFixed(0)} ms`);
});

test('case 3: a hello in two or three segments is routed', () => {
  const bytes = hello({ extensions: [extension(51, Buffer.alloc(1300)), sni()] });
  for (const parts of [2, 3]) assert.equal(judged(bytes, Math.ceil(bytes.length / parts)), NAME);
});

test('case 4: a record may end inside the handshake header', () => {
  for (const at of [1, 2, 3, 4]) assert.equal(judged(splitAt(at)), NAME, `after ${at}`);
});

test('case 5: a record may end inside the name', () => {
  const at = whole.indexOf(NAME);
  for (let i = 0; i <= NAME.length; i += 1) assert.equal(judged(splitAt(at + i)), NAME);
});

test('case 6: records of one byte are read up to a cap of bytes', () => {
  assert.equal(judged(records(whole, 1)), NAME);
  const huge = handshake(helloBody({ extensions: [extension(35, Buffer.alloc(60_000)), sni()] }));
  const { verdict, after } = readFlight(records(huge, 1), 1448);
  assert.equal(verdict.kind === 'refused' && verdict.reason, 'hello_too_large');
  assert.ok(after <= 131_072 + 1448, `${after} bytes were read`);
  assert.equal(judged(records(huge, 1)), 'refused hello_too_large', 'also when it comes at once');
});

test('case 7: an empty handshake record is refused', () => {
  for (const at of [0, 1, 4, 30]) {
    const bytes = Buffer.concat([
      at > 0 ? records(whole.subarray(0, at)) : Buffer.alloc(0),
      Buffer.from([22, 3, 1, 0, 0]),
      records(whole.subarray(at)),
    ]);
    assert.equal(judged(bytes), MALFORMED, `after ${at}`);
  }
});

test('case 8: a record longer than 16,384 bytes is refused at its header', () => {
  for (const length of [16_385, 20_000, 65_535]) assert.equal(judged(Buffer.from([22, 3, 1, length >> 8, length & 255])), MALFORMED);
  assert.equal(judged(Buffer.from([22, 3, 1, 0x40, 0])), 'more', '16,384 may come');
});

test('case 9: record versions 0x0300 to 0x0304 are taken', () => {
  for (const version of [0x0300, 0x0301, 0x0302, 0x0303, 0x0304]) assert.equal(judged(records(whole, 100, version)), NAME);
});

test('case 10: another major version is no TLS', () => {
  for (const major of [0, 2, 4, 255]) assert.equal(judged(Buffer.from([22, major, 1, 0, 100, 1])), 'refused unknown_protocol');
});

test('case 11: a fragment that comes as another record type is refused', () => {
  const [first, rest] = [records(whole.subarray(0, 20)), records(whole.subarray(20))];
  for (const type of [20, 21, 23, 24]) assert.equal(judged(Buffer.concat([first, Buffer.from([type]), rest.subarray(1)])), MALFORMED);
  assert.equal(judged(Buffer.concat([first, Buffer.from([20, 3, 3, 0, 1, 1]), rest])), MALFORMED, 'and so is one between two fragments');
});

test('case 12: an alert as the first record has a reason of its own', () => {
  assert.equal(judged(Buffer.from([0x15, 3, 3, 0, 2, 1, 0])), 'refused alert_first');
});

test('case 13: a second message in the last record does not matter, and all bytes are kept', () => {
  const bytes = records(Buffer.concat([whole, handshake(Buffer.from('next'), 11)]));
  const { verdict, flight } = readFlight(bytes);
  assert.equal(verdict.kind === 'asked' && verdict.asked.name, NAME);
  assert.ok(flight.bytes.equals(bytes));
});

test('case 14: early data behind the hello is kept in order', () => {
  const bytes = Buffer.concat([helloFor(NAME), Buffer.from([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 3, 7, 8, 9])]);
  assert.ok(readFlight(bytes).flight.bytes.equals(bytes));
  assert.equal(judged(bytes), NAME);
});

test('case 15: another handshake type is refused as no ClientHello', () => {
  for (const type of [0, 2, 4, 11, 255]) assert.equal(judged(records(handshake(helloBody(), type))), 'refused not_client_hello');
});

test('case 16: a hello that says it has more than 64 KiB is refused when its header is there', () => {
  assert.equal(judged(Buffer.from([22, 3, 1, 1, 0, 1, 1, 0, 1])), 'refused hello_too_large');
  assert.equal(judged(Buffer.from([22, 3, 1, 1, 0, 1, 1, 0, 0])), 'more');
});

test('case 18: a hello shorter than its inner lengths say is malformed, at every length', () => {
  const body = helloBody({ extensions: [alpn('h2'), sni()] });
  const bare = helloBody({ extensions: null }).length;
  for (let end = 1; end < body.length; end += 1)
    assert.equal(judged(records(handshake(body.subarray(0, end)))), end === bare ? '-' : MALFORMED, `${end} of ${body.length}`);
});

test('case 19: bytes behind the extensions are malformed', () => {
  assert.equal(judged(hello({ extensions: [sni()], trailing: Buffer.from([0]) })), MALFORMED);
});

test('case 20: an SSL 2 hello can name no host, and has a reason of its own', () => {
  assert.equal(judged(Buffer.from('802e0100020015001000000000', 'hex')), 'refused sslv2');
  for (const size of [1, 2]) assert.equal(judged(Buffer.from('802e0100020015001000000000', 'hex'), size), 'refused sslv2', 'in any pieces');
});

test('case 21: a hello without extensions names no host', () => {
  for (const version of [0x0300, 0x0301]) assert.equal(judged(hello({ version, extensions: null })), '-');
});

test('case 22: a hello with no extension in its block names no host', () => assert.equal(judged(hello({ extensions: [] })), '-'));

test('case 23: legacy versions 0x0301 to 0x0304 are taken', () => {
  for (const version of [0x0301, 0x0302, 0x0303, 0x0304]) assert.equal(judged(hello({ version, extensions: [sni()] })), NAME);
});

test('case 24: a session id of more than 32 bytes is malformed', () => {
  assert.equal(judged(hello({ sessionId: Buffer.alloc(33), extensions: [sni()] })), MALFORMED);
  assert.equal(judged(hello({ sessionId: Buffer.alloc(0), extensions: [sni()] })), NAME);
});

test('case 25: no ciphers, half a cipher, and no compression method are malformed', () => {
  for (const parts of [{ ciphers: Buffer.alloc(0) }, { ciphers: Buffer.alloc(3) }, { compressions: Buffer.alloc(0) }])
    assert.equal(judged(hello({ ...parts, extensions: [sni()] })), MALFORMED);
});

test('case 26: GREASE is ignored wherever it stands', () => {
  const grease = [
    extension(0x0a0a),
    extension(0xfafa, Buffer.from([0])),
    extension(10, Buffer.from('0004 1a1a 001d'.replaceAll(' ', ''), 'hex')),
  ];
  const ciphers = Buffer.from('2a2a1301', 'hex');
  assert.equal(judged(hello({ ciphers, extensions: [...grease, alpn('\x0a\x0a', 'h2'), sni()] })), NAME);
});

test('case 27: a hundred extensions, and one of 16 KB, are taken', () => {
  assert.equal(
    withExtensions(...Array.from({ length: 100 }, (_, i) => extension(0x4000 + i)), extension(35, Buffer.alloc(16_000)), sni()),
    NAME,
  );
});

test('case 28: an extension that overruns its list is malformed', () => {
  assert.equal(withExtensions(sni(), Buffer.from([0, 10, 0, 200, 1])), MALFORMED);
  assert.equal(withExtensions(sni(), Buffer.from([0, 10, 0])), MALFORMED);
});

test('case 29: an extension that comes twice is malformed, equal or not', () => {
  assert.equal(withExtensions(sni(), sni('b.example')), MALFORMED);
  assert.equal(withExtensions(sni(), sni()), MALFORMED);
  assert.equal(withExtensions(sni(), extension(23), extension(23)), MALFORMED);
});

test('case 30: a name list that is empty or of another length than it says is malformed', () => {
  const entry = hostName(NAME);
  for (const length of [0, entry.length - 1, entry.length + 1])
    assert.equal(withExtensions(extension(0, Buffer.concat([Buffer.from([length >> 8, length & 255]), entry]))), MALFORMED);
  assert.equal(withExtensions(serverNames()), MALFORMED);
});

test('case 31: a name of 65,535 bytes of which four are there is malformed', () => {
  assert.equal(withExtensions(extension(0, Buffer.from([0, 7, 0, 0xff, 0xff, 0x61, 0x61, 0x61, 0x61]))), MALFORMED);
});

test('case 32: an empty host name is malformed', () => assert.equal(withExtensions(sni('')), MALFORMED));

test('case 33: two host names are malformed', () => {
  assert.equal(withExtensions(serverNames(hostName(NAME), hostName('b.example'))), MALFORMED);
  assert.equal(withExtensions(serverNames(hostName(NAME), hostName(NAME))), MALFORMED);
});

test('case 34: a name of unknown type in front is skipped', () => {
  assert.equal(withExtensions(serverNames(hostName('\x01\x02', 7), hostName(NAME))), NAME);
});

test('case 35: NUL, space, slash, control and high bytes in a name are refused', () => {
  for (const name of ['a\0.example', 'a b.example', 'a/b.example', 'a\x1f.example', 'a\r\n.example', 'a\x7f.example'])
    assert.equal(withExtensions(sni(Buffer.from(name, 'latin1'))), MALFORMED, JSON.stringify(name));
  for (const byte of [0x80, 0xe9, 0xff]) assert.equal(withExtensions(sni(Buffer.from([0x61, byte, 0x2e, 0x61]))), MALFORMED);
});

test('case 36: upper case is made lower', () => assert.equal(withExtensions(sni('A.ExAmPle')), NAME));

test('case 37: one trailing dot is stripped for matching, and the bytes stay', () => {
  const bytes = hello({ extensions: [sni(`${NAME}.`)] });
  assert.equal(judged(bytes), NAME);
  assert.ok(readFlight(bytes).flight.bytes.equals(bytes));
  assert.equal(withExtensions(sni(`${NAME}..`)), MALFORMED);
});

test('case 38: an address is no usable name', () => {
  for (const address of ['127.0.0.1', '10.0.0.1', '::1', '2001:db8::1', '::ffff:127.0.0.1'])
    assert.equal(withExtensions(sni(address)), '-', address);
});

test('case 39: 254 characters, and a label of 64, are refused', () => {
  const label = 'x'.repeat(63);
  const longest = `${label}.${label}.${label}.${'x'.repeat(61)}`;
  assert.equal(withExtensions(sni(longest)), longest);
  assert.equal(withExtensions(sni(`${longest}x`)), MALFORMED);
  assert.equal(withExtensions(sni(`${label}x.example`)), MALFORMED);
});

test('case 40: underscores are taken, leading ones too', () => {
  for (const name of ['_dmarc.example', 'a_b.example', '_x']) assert.equal(withExtensions(sni(name)), name);
});

const table = (yaml: object) => {
  const { config, problems } = checkConfig({ listen_addrs: ['0.0.0.0:443'], ...yaml });
  assert.ok(config, JSON.stringify(problems));
  return new RouteTable(config);
};
const to = (match: string) => ({ match, backends: ['10.0.0.1:443'] });

test('case 41: punycode is matched as it is written', () => {
  assert.equal(withExtensions(sni('XN--bcher-kva.example')), 'xn--bcher-kva.example');
  assert.equal(withExtensions(sni('bücher.example')), MALFORMED);
  const routes = table({ routes: [to('xn--bcher-kva.example')] });
  assert.equal(routes.find('xn--bcher-kva.example')?.label, 'xn--bcher-kva.example');
});

test('case 42: "*" and signs of regular expressions never get as far as a pattern', () => {
  for (const name of ['*', '*.example', '.*', '^a', 'a|b.example', 'a+.example', '(a)'])
    assert.equal(withExtensions(sni(name)), MALFORMED, name);
  const routes = table({ routes: [to('/a.example/'), to('*.b.example')] });
  assert.equal(routes.find('*.b.example'.slice(2)), null);
});

test('case 43: without a name, ALPN is still known, and the default backend takes it', () => {
  const bytes = hello({ extensions: [alpn('h2', 'http/1.1')] });
  assert.equal(judged(bytes), '-');
  assert.deepEqual(asked(bytes)?.alpn, ['h2', 'http/1.1']);
  assert.equal(table({ routes: [to(NAME)], default_backend: '10.0.0.9:443' }).find(null)?.label, 'default_backend');
});

test('case 44: a single label follows the config, and is never dialled as asked', () => {
  assert.equal(withExtensions(sni('localhost')), 'localhost');
  assert.equal(table({ routes: [to('localhost')] }).find('localhost')?.label, 'localhost');
  assert.equal(table({}).find('localhost'), null);
  assert.equal(table({}).find('a.example')?.target.kind, 'requested');
});

test('case 45: with an encrypted hello inside, the outer name is routed and the hello is marked', () => {
  const found = asked(hello({ extensions: [extension(0xfe0d, Buffer.alloc(180)), sni('outer.example')] }));
  assert.equal(found?.name, 'outer.example');
  assert.equal(found?.ech, true);
  assert.equal(asked(hello())?.ech, false);
});

test('case 46: the old encrypted name without server_name names no host', () => {
  assert.equal(withExtensions(extension(0xffce, Buffer.alloc(300))), '-');
});

test('case 47: post-quantum key shares, one and two, are routed', () => {
  for (const size of [1216, 6000]) {
    const bytes = hello({ extensions: [extension(51, Buffer.alloc(size)), sni()] });
    assert.equal(judged(bytes, 1448), NAME);
  }
});

test('case 48: pre_shared_key does not matter, wherever it stands', () => {
  assert.equal(withExtensions(sni(), extension(41, Buffer.alloc(80))), NAME);
  assert.equal(withExtensions(extension(41, Buffer.alloc(80)), sni()), NAME);
});

test('case 49: acme-tls/1 is seen beside its name', () => {
  const found = asked(hello({ extensions: [alpn('acme-tls/1'), sni()] }));
  assert.deepEqual([found?.name, found?.alpn], [NAME, ['acme-tls/1']]);
});

test('case 50: renegotiation_info is left to the backend, empty or not', () => {
  for (const body of [Buffer.from([0]), Buffer.from([3, 1, 2, 3])]) assert.equal(withExtensions(extension(0xff01, body), sni()), NAME);
});
