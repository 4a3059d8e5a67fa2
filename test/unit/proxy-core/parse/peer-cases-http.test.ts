import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, h2, h2Get, literal, REQUEST, requestBlock, SETTINGS } from '#test/support/h2-bytes.ts';
import { FirstFlight } from '../../../../proxy-core/src/parse/first-flight.ts';
import { H2_PREFACE } from '../../../../proxy-core/src/parse/h2-head.ts';
import { judged, readFlight } from '../read-flight.ts';

const BAD = 'refused http_malformed';
const get = (...headers: string[]) => judged(`GET / HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`);
const asked = (input: Buffer | string) => {
  const { verdict } = readFlight(input);
  return verdict.kind === 'asked' ? verdict.asked : null;
};
const PORTS = { 'a.example:8080': 8080, '[2001:db8::1]:81': 81, 'a.example:': null, 'a.example': null } as const;

test('case 52: what is neither TLS nor HTTP nor SSH is refused at once', () => {
  for (const hex of ['00010203', 'ff0002', '13', '7b22', '016e'])
    assert.match(judged(Buffer.from(hex, 'hex')), /^refused unknown_protocol$/, hex);
  assert.equal(judged('GE\x01\x02'), BAD, 'bytes that no request line has need not wait for its end');
});

test('case 55: CONNECT is refused', () => {
  assert.equal(judged('CONNECT a.example:443 HTTP/1.1\r\n\r\n'), 'refused http_connect');
  assert.equal(
    judged(h2(SETTINGS, frame(1, 5, 1, Buffer.concat([literal(':method', 'CONNECT'), literal(':authority', 'a.example:443')])))),
    'refused http_connect',
  );
});

test('case 56: a port, an IPv6 literal with a port, and an empty port are no part of the name', () => {
  for (const [host, port] of Object.entries(PORTS)) {
    const found = asked(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.deepEqual([found?.name, found?.port], [host.startsWith('[') ? '2001:db8::1' : 'a.example', port], host);
  }
});

test('case 57: any case of Host and padding by tabs and spaces are taken; a space before the colon is not', () => {
  for (const header of ['hOsT: a.example', 'HOST:a.example', 'Host: \t a.example\t ']) assert.equal(get(header), 'a.example', header);
  assert.equal(get('Host : a.example'), BAD);
  assert.equal(get('Host:\xa0a.example'), BAD, 'only tabs and spaces are padding');
});

test('case 58: two Host headers are refused, equal or not', () => {
  assert.equal(get('Host: a.example', 'Host: a.example'), BAD);
  assert.equal(get('Host: a.example', 'X: y', 'host: b.example'), BAD);
});

test('case 59: an empty Host and another are refused', () => {
  assert.equal(get('Host:', 'Host: a.example'), BAD);
  assert.equal(get('Host: a.example', 'Host:'), BAD);
});

test('case 60: HTTP/1.1 needs a Host, HTTP/1.0 does not', () => {
  assert.equal(get(), BAD);
  assert.equal(judged('GET / HTTP/1.0\r\n\r\n'), '-');
});

test('case 61: the authority of an absolute target wins over Host, and a difference is marked for the log', () => {
  const found = asked('GET http://b.example:81/ HTTP/1.1\r\nHost: a.example\r\n\r\n');
  assert.deepEqual([found?.name, found?.port, found?.hostMismatch], ['b.example', 81, true]);
  assert.equal(asked('GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n')?.hostMismatch, undefined);
  assert.equal(judged('GET http://user@b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'), BAD);
});

test('case 62: a folded header line is refused', () => {
  assert.equal(get('X: a', ' b', 'Host: a.example'), BAD);
  assert.equal(get('Host: a.example', '\tb.example'), BAD);
});

test('case 63: lines that end in LF alone, and CR alone, are refused', () => {
  assert.equal(judged('GET / HTTP/1.1\nHost: a.example\n\n'), BAD);
  assert.equal(judged('GET / HTTP/1.1\r\nHost: a.example\n\r\n'), BAD);
  assert.equal(get('X: a\rb', 'Host: a.example'), BAD);
});

test('case 64: NUL, "@", "/", "," and "%00" in Host are refused', () => {
  for (const host of ['a\0.example', 'u@a.example', 'a.example/x', 'a.example,b.example', 'a%00.example', '[fe80::1%25eth0]', 'a b'])
    assert.equal(get(`Host: ${host}`), BAD, host);
});

test('case 65: HTTP/0.9 is refused', () => assert.equal(judged('GET /x\r\n'), BAD));

test('case 66: a head that is cut at any byte is routed; more than 16 KiB or 100 headers are too large', () => {
  const text = 'GET / HTTP/1.1\r\nA: b\r\nHost: a.example\r\n\r\n';
  for (let size = 1; size <= text.length; size += 1) assert.equal(judged(text, size), 'a.example', `pieces of ${size}`);
  assert.equal(get('Host: a.example', ...Array.from({ length: 100 }, (_, i) => `X-${i}: y`)), 'refused http_too_large');
  assert.equal(get('Host: a.example', `X: ${'y'.repeat(16_384)}`), 'refused http_too_large');
  assert.equal(judged(`GET / HTTP/1.1\r\nX: ${'y'.repeat(17_000)}`, 1448), 'refused http_too_large');
});

test('case 67: two empty lines in front are skipped, three are not', () => {
  assert.equal(judged('\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n', 1), 'a.example');
  assert.equal(judged('\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n'), BAD);
});

test('case 69: h2c is routed by :authority: padded, with priority, over CONTINUATION, by Huffman, behind other frames', () => {
  const block = requestBlock('a.example');
  const priority = Buffer.alloc(5);
  const padded = Buffer.concat([Buffer.from([4]), block, Buffer.alloc(4)]);
  const both = Buffer.concat([Buffer.from([2]), priority, block, Buffer.alloc(2)]);
  const others = [
    SETTINGS,
    frame(4, 1, 0),
    frame(8, 0, 0, Buffer.from([0, 0, 1, 0])),
    frame(2, 0, 3, priority),
    frame(6, 0, 0, Buffer.alloc(8)),
    frame(0xfa, 0, 0, Buffer.alloc(3)),
  ];
  const good = [
    h2(SETTINGS, frame(1, 5, 1, block)),
    h2(SETTINGS, frame(1, 5 | 8, 1, padded)),
    h2(SETTINGS, frame(1, 5 | 0x20, 1, Buffer.concat([priority, block]))),
    h2(SETTINGS, frame(1, 5 | 0x28, 1, both)),
    h2(SETTINGS, frame(1, 1, 1, block.subarray(0, 5)), frame(9, 0, 1, block.subarray(5, 9)), frame(9, 4, 1, block.subarray(9))),
    h2(...others, frame(1, 5, 5, block)),
  ];
  for (const [i, bytes] of good.entries())
    for (const size of [1, 10, 1000]) assert.equal(judged(bytes, size), 'a.example', `${i} in pieces of ${size}`);
  const huffman = Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex');
  assert.equal(judged(h2(SETTINGS, frame(1, 5, 1, huffman))), 'www.example.com');
  assert.equal(asked(h2Get('a.example:81'))?.port, 81);
  assert.equal(judged(h2Get(null, literal('host', 'b.example'))), 'b.example');
  assert.equal(judged(h2Get('a.example', literal('host', 'a.example'))), 'a.example');
  assert.equal(judged(h2Get(null)), '-');
});

test('case 69: h2c is refused when :authority and host differ, without HEADERS in time, and when a frame or field is wrong', () => {
  assert.equal(judged(h2Get('a.example', literal('host', 'b.example'))), BAD);
  assert.equal(judged(h2(...Array<Buffer>(40).fill(SETTINGS))), 'refused http_too_large');
  const block = requestBlock('a.example');
  const wrong = {
    'HEADERS on stream 0': frame(1, 5, 0, block),
    'HEADERS on an even stream': frame(1, 5, 2, block),
    'more padding than payload': frame(1, 5 | 8, 1, Buffer.concat([Buffer.from([255]), block])),
    'CONTINUATION without HEADERS': frame(9, 4, 1, block),
    'another frame between HEADERS and CONTINUATION': Buffer.concat([frame(1, 1, 1, block), SETTINGS]),
    'CONTINUATION of another stream': Buffer.concat([frame(1, 1, 1, block), frame(9, 4, 3)]),
    'DATA first': frame(0, 0, 1),
    'SETTINGS of seven bytes': frame(4, 0, 0, Buffer.alloc(7)),
    'an index that there is not': frame(1, 5, 1, Buffer.from([0xff, 0x20])),
    ':authority twice': frame(1, 5, 1, requestBlock('a.example', literal(':authority', 'a.example'))),
    'a pseudo-header behind a header': frame(1, 5, 1, Buffer.concat([literal('x', 'y'), block])),
    'an upper-case name': frame(1, 5, 1, requestBlock('a.example', literal('Xy', 'z'))),
    'no :path': frame(1, 5, 1, Buffer.concat([REQUEST.subarray(0, 2), literal(':authority', 'a.example')])),
    'user@ in :authority': frame(1, 5, 1, requestBlock('u@a.example')),
    ':protocol without CONNECT': frame(1, 5, 1, requestBlock('a.example', literal(':protocol', 'websocket'))),
    'two hosts': frame(1, 5, 1, requestBlock(null, literal('host', 'a.example'), literal('host', 'a.example'))),
  };
  for (const [what, bytes] of Object.entries(wrong)) assert.equal(judged(h2(SETTINGS, bytes)), BAD, what);
  assert.equal(judged(h2(Buffer.from([0, 0x40, 1, 1, 5, 0, 0, 0, 1]))), 'refused http_too_large', 'a frame of more than 16 KiB');
  const fields = (count: number) => Array<Buffer>(count).fill(literal('x', 'y'));
  assert.equal(judged(h2Get('a.example', ...fields(96))), 'a.example');
  assert.equal(judged(h2Get('a.example', ...fields(97))), 'refused http_too_large', 'more than 100 fields');
  const endless = [frame(1, 1, 1, block), ...Array<Buffer>(3).fill(frame(9, 0, 1, Buffer.alloc(8000, 0x82)))];
  assert.equal(judged(h2(SETTINGS, ...endless)), 'refused http_too_large', 'a block without an end');
});

test('case 69: an HTTP/2 client that waits for SETTINGS is greeted, and what it answers to that is not for the backend', () => {
  const ack = frame(4, 1, 0);
  const ask = frame(1, 5, 1, requestBlock('a.example'));
  const data = frame(0, 1, 3, Buffer.alloc(40));
  for (const rest of [
    [ack, ask],
    [ask, ack],
    [ask, data, ack],
    [ack, ask, ack],
  ] as const) {
    const flight = new FirstFlight();
    flight.append(H2_PREFACE);
    flight.read();
    assert.equal(flight.awaitsSettings, false, 'its own SETTINGS come first');
    flight.append(SETTINGS);
    assert.equal(flight.read().kind, 'more');
    assert.equal(flight.awaitsSettings, true);
    assert.deepEqual(flight.greet(), frame(4, 0, 0));
    assert.equal(flight.awaitsSettings, false, 'it is greeted once');
    let verdict = flight.read();
    for (const part of rest) {
      if (verdict.kind === 'asked') break;
      for (const byte of part) flight.append(Buffer.from([byte]));
      verdict = flight.read();
    }
    assert.equal(verdict.kind === 'asked' && verdict.asked.name, 'a.example');
    assert.deepEqual(flight.forBackend, h2(SETTINGS, ...(rest[1] === data ? [ask, data] : [ask])));
  }
  const unasked = new FirstFlight();
  unasked.append(h2(SETTINGS, frame(4, 1, 0), ask));
  assert.equal(unasked.read().kind, 'asked');
  assert.deepEqual(unasked.forBackend, unasked.bytes, 'nothing is taken out of what a client says that was not greeted');
});

test('case 70: Upgrade: h2c does not matter', () => {
  assert.equal(
    get('Host: a.example', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
    'a.example',
  );
});
