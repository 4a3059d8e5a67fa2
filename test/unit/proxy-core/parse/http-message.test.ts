import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestHead, responseHead } from '../../../../proxy-core/src/http-pool/rewrite.ts';
import { HttpBody, type HttpRequest, HttpRequestReader, readHttpResponse } from '../../../../proxy-core/src/parse/http-message.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const post = (...fields: string[]) => bytes(`POST /x HTTP/1.1\r\nHost: a.example\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
const read = (raw: Buffer) => new HttpRequestReader().read(raw);
function good(raw: Buffer): HttpRequest {
  const request = read(raw);
  assert.ok(typeof request !== 'string', String(request));
  return request;
}
function answer(text: string, method = 'GET') {
  const response = readHttpResponse(bytes(text), method);
  assert.ok(typeof response !== 'string', String(response));
  return response;
}

describe('the end of a request', () => {
  test('is said by one Content-Length of digits, or by chunked alone', () => {
    assert.deepEqual(good(post('Content-Length: 42')).body, { kind: 'length', bytes: 42 });
    assert.deepEqual(good(post('Transfer-Encoding: CHUNKED')).body, { kind: 'chunked' });
    assert.deepEqual(good(post()).body, { kind: 'none' });
    assert.equal(good(post('X: y')).length, post('X: y').length);
    assert.equal(good(post('Connection: ,close,, x')).keepsAlive, false, 'empty list members are none (RFC 9110 5.6.1.2)');
  });

  const smuggled: [string, string[]][] = [
    ['both', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['both, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
    ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
    ['two equal lengths', ['Content-Length: 4', 'Content-Length: 4']],
    ['a list of lengths', ['Content-Length: 4, 4']],
    ['a signed length', ['Content-Length: +4']],
    ['a hexadecimal length', ['Content-Length: 0x4']],
    ['an empty length', ['Content-Length:']],
    ['a length of 16 digits', ['Content-Length: 1000000000000000']],
    ['another coding', ['Transfer-Encoding: gzip, chunked']],
    ['chunked twice', ['Transfer-Encoding: chunked, chunked']],
    ['chunked in two fields', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['identity', ['Transfer-Encoding: identity']],
    ['a quoted coding', ['Transfer-Encoding: "chunked"']],
    ['a vertical tab', ['Transfer-Encoding: \x0bchunked']],
    ['a space before the colon', ['Transfer-Encoding : chunked']],
    ['a folded line', ['Transfer-Encoding:', ' chunked']],
    ['a framing field that is nominated', ['Content-Length: 4', 'Connection: Content-Length']],
    ['a nominated Host', ['Connection: close, host']],
  ];
  for (const [what, fields] of smuggled)
    test(`is refused when it is ambiguous: ${what}`, () => assert.equal(read(post(...fields)), 'malformed'));

  test('is refused in HTTP/1.0 when it is chunked', () =>
    assert.equal(read(bytes('POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n')), 'malformed'));
});

describe('the end of a response', () => {
  test('is said by its framing, its status, its method, or the connection', () => {
    assert.deepEqual(answer('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n').body, { kind: 'length', bytes: 3 });
    assert.deepEqual(answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n').body, { kind: 'chunked' });
    assert.deepEqual(answer('HTTP/1.1 200 OK\r\n\r\n').body, { kind: 'close' });
    assert.equal(answer('HTTP/1.1 200 OK\r\n\r\n').keepsAlive, false);
    assert.deepEqual(answer('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', 'HEAD').body, { kind: 'none' });
    for (const status of [100, 103, 204, 304])
      assert.deepEqual(answer(`HTTP/1.1 ${status} x\r\nContent-Length: 3\r\n\r\n`).body, { kind: 'none' });
    assert.equal(answer('HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n').keepsAlive, false);
    assert.equal(answer('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: Close\r\n\r\n').keepsAlive, false);
  });

  test('is not guessed', () => {
    const wrong = [
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\n\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/2 200 OK\r\n\r\n',
      'HTTP/1.1 99 OK\r\n\r\n',
      'SSH-2.0-x',
    ];
    for (const text of wrong) assert.equal(readHttpResponse(bytes(text), 'GET'), 'malformed', JSON.stringify(text));
    assert.equal(readHttpResponse(bytes('HTT'), 'GET'), 'more');
    assert.equal(readHttpResponse(Buffer.alloc(65_536, 'HTTP/1.1 200 OK\r\n'), 'GET'), 'malformed', 'a head of 64 KiB');
  });
});

describe('a body', () => {
  const taken = (framing: HttpBody, text: string, size: number): [number | null, boolean] => {
    let sum = 0;
    for (let at = 0; at < text.length && !framing.done; at += size) {
      const piece = framing.take(bytes(text.slice(at, at + size)));
      if (piece === null) return [null, false];
      sum += piece;
    }
    return [sum, framing.done];
  };
  const chunked = (text: string, size = 1000) => taken(new HttpBody({ kind: 'chunked' }), text, size);

  test('of chunks ends where its last chunk does, in any pieces, whatever comes behind', () => {
    const body = '4;name=value\r\nwiki\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: y\r\n\r\n';
    for (const size of [1, 2, 3, 7, 1000]) assert.deepEqual(chunked(`${body}GET / HTTP/1.1\r\n`, size), [body.length, true]);
    assert.deepEqual(chunked(body.slice(0, -1)), [body.length - 1, false]);
  });

  test('of a length ends after so many bytes; without one at once; else with the connection', () => {
    assert.deepEqual(taken(new HttpBody({ kind: 'length', bytes: 5 }), 'helloGET', 3), [5, true]);
    assert.equal(new HttpBody({ kind: 'none' }).done, true);
    assert.equal(new HttpBody({ kind: 'length', bytes: 0 }).done, true);
    assert.deepEqual(taken(new HttpBody({ kind: 'close' }), 'any\nthing', 3), [9, false]);
  });

  test('of chunks is refused when two parsers could end it at different bytes', () => {
    const wrong = [
      '4\nwiki\r\n0\r\n\r\n',
      '4\r\nwiki\n0\r\n\r\n',
      '4\r\nwikix\r\n0\r\n\r\n',
      '4;a\nb\r\nwiki\r\n0\r\n\r\n',
      '4;a\rb\r\nwiki\r\n0\r\n\r\n',
      '0x4\r\nwiki\r\n0\r\n\r\n',
      '-1\r\n',
      ' 4\r\nwiki\r\n',
      '4 \r\nwiki\r\n',
      '\r\n',
      'g\r\n',
      `${'0'.repeat(13)}\r\n`,
      `1;${'x'.repeat(2000)}\r\n`,
      '0\r\nContent-Length: 5\r\n\r\n',
      '0\r\nHost: b\r\n\r\n',
      '0\r\nno field\r\n\r\n',
      '0\r\nX: y\n\r\n',
    ];
    for (const text of wrong) for (const size of [1, 1000]) assert.deepEqual(chunked(text, size), [null, false], JSON.stringify(text));
  });
});

describe('a head that is passed on', () => {
  const passed = (raw: Buffer) => requestHead(good(raw)).toString('latin1');

  test('keeps its fields in their order, and leaves out those of one connection', () => {
    assert.equal(
      passed(
        post('X-One: 1', 'Connection: keep-alive, x-mine', 'Keep-Alive: 5', 'X-Mine: 2', 'Proxy-Connection: x', 'Cookie: a', 'cookie: b'),
      ),
      'POST /x HTTP/1.1\r\nHost: a.example\r\nX-One: 1\r\nCookie: a\r\ncookie: b\r\n\r\n',
    );
    assert.match(passed(post('Connection: TE', 'TE: gzip, trailers')), /\r\nConnection: TE\r\nTE: trailers\r\n\r\n$/);
    assert.doesNotMatch(passed(post('Connection: TE', 'TE: gzip')), /TE/);
    assert.match(passed(post('Connection: Upgrade', 'Upgrade: websocket')), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/);
    assert.doesNotMatch(passed(post('Upgrade: websocket')), /Upgrade/, 'one that Connection does not name is none');
  });

  test('names one host: that of an absolute target', () => {
    const raw = bytes('GET http://a.example:81/ HTTP/1.1\r\nhost: b.example\r\n\r\n');
    assert.equal(passed(raw), 'GET http://a.example:81/ HTTP/1.1\r\nhost: a.example:81\r\n\r\n');
  });

  test('to the client says when nothing follows, and says nothing of the backend’s connection', () => {
    const text =
      'HTTP/1.1 200 Very Fine\r\nServer: x\r\nConnection: keep-alive, y\r\nKeep-Alive: timeout=5\r\nY: 1\r\nContent-Length: 0\r\n\r\n';
    const head = (closes: boolean) => responseHead(answer(text), bytes(text), closes).toString('latin1');
    assert.equal(head(false), 'HTTP/1.1 200 Very Fine\r\nServer: x\r\nContent-Length: 0\r\n\r\n');
    assert.equal(head(true), 'HTTP/1.1 200 Very Fine\r\nServer: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const upgrade = 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    assert.match(responseHead(answer(upgrade), bytes(upgrade), false).toString(), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/);
  });
});
