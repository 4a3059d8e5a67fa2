import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuMs } from '#test/support/cpu-time.ts';
import { HttpHeadReader, type HttpResult } from '../../../../proxy-core/src/parse/http-head.ts';

const read = (text: string): HttpResult => new HttpHeadReader().read(Buffer.from(text, 'latin1'));
const get = (...headers: string[]) => read(`GET /x HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`);
const hostOf = (value: string) => get(`Host: ${value}`);

describe('an HTTP request head', () => {
  test('gives version, name and port', () => {
    assert.deepEqual(hostOf('App.Example.COM'), { version: '1.1', name: 'app.example.com', port: null });
    assert.deepEqual(hostOf('a.example:8080'), { version: '1.1', name: 'a.example', port: 8080 });
    assert.deepEqual(hostOf('a.example:'), { version: '1.1', name: 'a.example', port: null });
    assert.deepEqual(hostOf('a.example.'), { version: '1.1', name: 'a.example', port: null });
    assert.deepEqual(hostOf('10.0.0.1:81'), { version: '1.1', name: '10.0.0.1', port: 81 });
    assert.deepEqual(hostOf('[2001:DB8::1]:81'), { version: '1.1', name: '2001:db8::1', port: 81 });
    assert.deepEqual(read('GET / HTTP/1.0\r\n\r\n'), { version: '1.0', name: null, port: null });
    assert.deepEqual(read('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n'), { version: '1.0', name: 'a.example', port: null });
  });

  test('may spell Host in any case and pad its value with spaces and tabs', () => {
    for (const header of ['hOsT:a.example', 'HOST: \t a.example \t', 'host:\ta.example'])
      assert.deepEqual(get('Accept: */*', header, 'X: y'), { version: '1.1', name: 'a.example', port: null });
  });

  test('may have any method of RFC 9110 and WebDAV, two empty lines in front, and a body behind', () => {
    for (const method of ['GET', 'POST', 'PATCH', 'PROPFIND', 'M-SEARCH', 'get'])
      assert.deepEqual(read(`${method} / HTTP/1.1\r\nHost: a.example\r\n\r\nbody`), { version: '1.1', name: 'a.example', port: null });
    assert.deepEqual(read('\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n'), { version: '1.1', name: 'a.example', port: null });
    assert.deepEqual(read('OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n'), { version: '1.1', name: 'a.example', port: null });
  });

  test('is routed by the authority of an absolute target, whatever Host says', () => {
    assert.deepEqual(read('GET http://b.example:81/x HTTP/1.1\r\nHost: a.example\r\n\r\n'), {
      version: '1.1',
      name: 'b.example',
      port: 81,
      mismatch: true,
    });
  });

  test('may have bytes above 0x7f in other headers, at every place', () => {
    for (let at = 0; at < 12; at += 1) {
      const value = `${'x'.repeat(at)}\xe9${'y'.repeat(12 - at)}`;
      assert.deepEqual(get(`X: ${value}`, 'Host: a.example'), { version: '1.1', name: 'a.example', port: null });
      assert.equal(get(`${'x'.repeat(at)}\xe9: v`, 'Host: a.example'), 'malformed', 'but not in their names');
    }
  });

  test('is read the same when it comes cut in two at any byte, or byte by byte', () => {
    const bytes = Buffer.from('\r\nPOST /p HTTP/1.1\r\nAccept: a, b\r\nHost: cut.example:81\r\nX: 1\r\n\r\nbody', 'latin1');
    const end = bytes.indexOf('\r\n\r\nbody') + 4;
    const byByte = new HttpHeadReader();
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new HttpHeadReader();
      const first = reader.read(bytes.subarray(0, cut));
      assert.deepEqual(first === 'more' ? reader.read(bytes) : first, { version: '1.1', name: 'cut.example', port: 81 }, `cut at ${cut}`);
      assert.equal(first === 'more', cut < end, `cut at ${cut}`);
      if (cut < end) assert.equal(byByte.read(bytes.subarray(0, cut)), 'more');
      else if (cut === end) assert.deepEqual(byByte.read(bytes.subarray(0, cut)), { version: '1.1', name: 'cut.example', port: 81 });
    }
  });
});

describe('a request head that is refused', () => {
  test('has no Host, two of them (equal or not), or an empty one', () => {
    assert.equal(get('Accept: */*'), 'malformed');
    assert.equal(get('Host: a.example', 'Host: a.example'), 'malformed');
    assert.equal(get('Host: a.example', 'hOST: b.example'), 'malformed');
    assert.equal(get('Host:', 'Host: a.example'), 'malformed');
    assert.equal(get('Host: '), 'malformed');
  });

  test('has a Host that is no authority', () => {
    const hosts = [
      'a b',
      'user@a.example',
      'a/b',
      'a.example,b.example',
      'a%00b',
      'http://a.example',
      'a:b',
      'a.example:0',
      'a.example:65536',
    ];
    for (const host of [
      ...hosts,
      'a.example:-1',
      '[::1',
      '::1',
      '[fe80::1%eth0]',
      '[1.2.3.4]',
      'a..b',
      '*.example',
      'é.example',
      '1.2.3',
      'a:80:80',
    ])
      assert.equal(hostOf(host), 'malformed', host);
    assert.equal(hostOf('a\0b'), 'malformed');
  });

  test('has folded lines, a space before the colon, no colon, or an empty name', () => {
    for (const header of ['no-colon', ': v', ' folded: x', '\tx', 'Host : a.example', 'no colon', ': x', 'a b: c'])
      assert.equal(get('Host: a.example', header), 'malformed', header);
  });

  test('has bare LF or CR, or control characters', () => {
    assert.equal(read('GET / HTTP/1.1\nHost: a.example\n\n'), 'malformed');
    assert.equal(read('GET / HTTP/1.1\r\nHost: a.example\n\r\n'), 'malformed');
    assert.equal(read('GET / HTTP/1.1\r\nX: a\rb\r\nHost: a.example\r\n\r\n'), 'malformed');
    assert.equal(read('GET / HTTP/1.1\r\nX: a\x07b\r\nHost: a.example\r\n\r\n'), 'malformed');
    assert.equal(read('GET / HTTP/1.1\r\nX: a\0b\r\nHost: a.example\r\n\r\n'), 'malformed');
  });

  test('has a request line of no version, another version, too many spaces, or an odd target', () => {
    for (const line of [
      'GET /x',
      'GET / HTTP/2.0',
      'GET / HTTP/1.2',
      'GET / HTTP/0.9',
      'GET  / HTTP/1.1',
      'GET /a b HTTP/1.1',
      ' GET / HTTP/1.1',
      'GET x HTTP/1.1',
    ])
      assert.equal(read(`${line}\r\nHost: a.example\r\n\r\n`), 'malformed', line);
    assert.equal(read('GET http://u@b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'), 'malformed');
    assert.equal(read('GET ftp://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'), 'malformed');
    assert.equal(read('\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n'), 'malformed');
  });

  test('asks for a CONNECT tunnel', () => assert.equal(read('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n'), 'connect'));

  test('has more than 100 headers, or more than 16 KiB with or without an end', () => {
    const hundred = Array.from({ length: 99 }, (_, i) => `X-${i}: y`);
    assert.deepEqual(get('Host: a.example', ...hundred), { version: '1.1', name: 'a.example', port: null });
    assert.equal(get('Host: a.example', ...hundred, 'One: more'), 'too-large');
    assert.equal(get('Host: a.example', `X: ${'y'.repeat(16_384)}`), 'too-large');
    assert.equal(read(`GET /${'x'.repeat(16_400)}`), 'too-large');
    assert.deepEqual(get('Host: a.example', `X: ${'y'.repeat(16_000)}`), { version: '1.1', name: 'a.example', port: null });
  });

  test('is judged in time in proportion to its size, spaces and colons included', () => {
    const started = cpuMs();
    for (const filler of [' ', '\t', ':', 'a', '\xff']) {
      const bytes = Buffer.from(`GET / HTTP/1.1\r\nX:${filler.repeat(16_000)}`, 'latin1');
      const reader = new HttpHeadReader();
      for (let at = 1; at <= bytes.length; at += 1) reader.read(bytes.subarray(0, at));
      read(`${bytes.toString('latin1')}\r\nHost: a.example\r\n\r\n`);
    }
    assert.ok(cpuMs() - started < 1000, `took ${(cpuMs() - started).toFixed(0)} ms`);
  });
});
