import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClientHello, parseClientHello } from '../../../../proxy-core/src/parse/client-hello.ts';
import { alpn, extension, type HelloParts, helloBody, hostName, serverNames } from '../hello-bytes.ts';

const parse = (parts: HelloParts): ClientHello | null => {
  const body = helloBody(parts);
  return parseClientHello(body, 0, body.length);
};
const named = (...entries: Buffer[]) => parse({ extensions: [serverNames(...entries)] });
const nameOf = (name: string | Buffer) => named(hostName(name))?.name;

describe('a ClientHello that names a host', () => {
  test('gives the name in lower case without its trailing dot, and the offered protocols', () => {
    const hello = parse({ extensions: [extension(0x0a0a), alpn('h2', 'http/1.1'), serverNames(hostName('App.Example.COM.'))] });
    assert.deepEqual(hello, { name: 'app.example.com', alpn: ['h2', 'http/1.1'], ech: false });
  });

  test('may have digits, hyphens, underscores, punycode and 253 characters', () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    for (const name of ['a.b', '1.example', '_dmarc.example', 'x_y.example', 'xn--bcher-kva.example', 'localhost', '-a.example', long])
      assert.equal(nameOf(name), name);
  });

  test('skips unknown name types in front of it', () => {
    assert.equal(named(hostName('\x00\x01', 9), hostName('a.example'))?.name, 'a.example');
  });

  test('is marked when it has an encrypted hello inside', () => {
    assert.equal(parse({ extensions: [extension(0xfe0d, Buffer.alloc(40)), serverNames(hostName('outer.example'))] })?.ech, true);
  });

  test('may say any legacy version: the versions that a backend knows are its own business', () => {
    for (const version of [0x0203, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304])
      assert.equal(parse({ version, extensions: [serverNames(hostName('a.example'))] })?.name, 'a.example');
  });

  test('may carry a 16 KiB extension and a hundred small ones', () => {
    const many = Array.from({ length: 100 }, (_, i) => extension(0x4000 + i, Buffer.alloc(3)));
    assert.equal(
      parse({ extensions: [...many, extension(35, Buffer.alloc(16_000)), serverNames(hostName('a.example'))] })?.name,
      'a.example',
    );
  });
});

describe('a ClientHello without a usable name', () => {
  test('has no name when it has no extensions, no server_name, or only unknown name types', () => {
    assert.equal(parse({ extensions: null })?.name, null);
    assert.equal(parse({ extensions: [] })?.name, null);
    assert.equal(parse({ extensions: [alpn('acme-tls/1')] })?.name, null);
    assert.equal(named(hostName('x', 7))?.name, null);
  });

  test('has no name when it names an address, which must never be dialled', () => {
    for (const address of ['127.0.0.1', '::1', '10.0.0.1', '2001:db8::1', '::ffff:127.0.0.1', '127.0.0.1.', '127.1', '0x7f.1', '1.2.3'])
      assert.equal(nameOf(address), null);
  });
});

describe('a malformed ClientHello', () => {
  const malformed: Record<string, HelloParts> = {
    'with a session id of 33 bytes': { sessionId: Buffer.alloc(33) },
    'without cipher suites': { ciphers: Buffer.alloc(0) },
    'with half a cipher suite': { ciphers: Buffer.alloc(3) },
    'without compression methods': { compressions: Buffer.alloc(0) },
    'with bytes after its extensions': { extensions: [serverNames(hostName('a.example'))], trailing: Buffer.from([0]) },
    'with two server_name extensions': { extensions: [serverNames(hostName('a.example')), serverNames(hostName('b.example'))] },
    'with any extension twice': { extensions: [extension(10, Buffer.alloc(4)), extension(10, Buffer.alloc(4))] },
    'with two host names': { extensions: [serverNames(hostName('a.example'), hostName('b.example'))] },
    'with an empty name list': { extensions: [serverNames()] },
    'with an empty server_name extension': { extensions: [extension(0)] },
    'with bytes after its name list': { extensions: [extension(0, Buffer.from([0, 4, 0, 0, 1, 0x61, 0]))] },
    'with a name longer than its list': { extensions: [extension(0, Buffer.from([0, 4, 0, 0xff, 0xff, 0x61]))] },
    'with a protocol name longer than its list': { extensions: [extension(16, Buffer.from([0, 2, 5, 0x61]))] },
  };
  for (const [what, parts] of Object.entries(malformed)) test(`${what} is refused`, () => assert.equal(parse(parts), null));

  test('with a name that is no DNS name is refused', () => {
    const names = ['', 'a b', 'a/b', 'a\0b', 'a..b', '.a', 'a:443', 'é.example', '*.example', '^.*$', 'a\r\nHost: b', 'a'.repeat(64), '.'];
    for (const name of [...names, `${'a.'.repeat(127)}ab`, Buffer.from([0xff, 0x2e, 0x61])])
      assert.equal(named(hostName(name)), null, JSON.stringify(name));
  });

  test('cut short at any byte is refused, and nothing is read past its end', () => {
    const whole = helloBody({ extensions: [alpn('h2'), serverNames(hostName('a.example'))] });
    const padded = Buffer.concat([whole, Buffer.alloc(64, 0xaa)]);
    // The body without its extensions block is a whole hello of its own.
    const bare = helloBody({ extensions: null }).length;
    for (let end = 0; end < whole.length; end += 1) {
      const hello = parseClientHello(padded, 0, end);
      if (end === bare) assert.equal(hello?.name, null);
      else assert.equal(hello, null, `${end} of ${whole.length}`);
    }
  });

  test('with any one byte changed never throws', () => {
    const whole = helloBody({ extensions: [alpn('h2'), serverNames(hostName('a.example'))] });
    for (let at = 0; at < whole.length; at += 1)
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        assert.doesNotThrow(() => parseClientHello(changed, 0, changed.length));
      }
  });
});
