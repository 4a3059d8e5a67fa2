import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FirstFlight, type Verdict } from '../../../../proxy-core/src/parse/first-flight.ts';
import { MAX_STREAM } from '../../../../proxy-core/src/parse/tls-records.ts';
import { handshake, helloBody, helloFor, hostName, records, serverNames } from '../hello-bytes.ts';

/** Sends the bytes cut after every `size`; the verdict, and after how many bytes it came. */
function send(bytes: Buffer, size = bytes.length): { verdict: Verdict; after: number; flight: FirstFlight } {
  const flight = new FirstFlight();
  let verdict: Verdict = { kind: 'more' };
  let after = 0;
  for (; after < bytes.length && verdict.kind === 'more'; ) {
    const chunk = Buffer.from(bytes.subarray(after, after + size));
    flight.append(chunk);
    after += chunk.length;
    verdict = flight.read();
  }
  return { verdict, after, flight };
}
const asked = (text: string | Buffer, size?: number) => {
  const { verdict } = send(Buffer.from(text), size);
  assert.equal(verdict.kind, 'asked', JSON.stringify(verdict));
  return verdict.kind === 'asked' ? verdict.asked : null;
};
const refused = (text: string | Buffer, size?: number) => {
  const { verdict } = send(Buffer.from(text), size);
  return verdict.kind === 'refused' ? `${verdict.protocol} ${verdict.reason}` : verdict.kind;
};

describe('the first bytes of a client', () => {
  test('are told apart, also when they come one by one', () => {
    for (const size of [1, 2, 3, 1000]) {
      assert.equal(asked(helloFor('t.example'), size)?.protocol, 'tls');
      assert.equal(asked('GET / HTTP/1.1\r\nHost: h.example\r\n\r\n', size)?.protocol, 'http1.1');
      assert.equal(asked('SEARCH / HTTP/1.0\r\nHost: h.example\r\n\r\n', size)?.protocol, 'http1.0');
      assert.equal(asked('PROPFIND / HTTP/1.1\r\nHost: h.example\r\n\r\n', size)?.name, 'h.example');
      assert.equal(asked('SSH-2.0-OpenSSH_9.2\r\n', size)?.protocol, 'ssh');
    }
  });

  test('are refused for what they are', () => {
    assert.equal(refused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0\0\0\0\x01', 1), 'http2 http_malformed');
    assert.equal(refused('SSH-is this?\r\n', 1), 'unknown unknown_protocol');
    assert.equal(refused(Buffer.from([0x15, 3, 1, 0, 2, 2, 40])), 'tls alert_first');
    assert.equal(refused(Buffer.from([0x80, 0x2e, 1, 3, 1, 0])), 'tls sslv2');
    assert.equal(refused(Buffer.from([0x80, 0x2e, 2])), 'unknown unknown_protocol');
    assert.equal(refused(Buffer.from([0x16, 2, 0])), 'unknown unknown_protocol');
    assert.equal(refused(Buffer.from([0, 1, 2, 3])), 'unknown unknown_protocol');
    assert.equal(refused('CONNECT a:443 HTTP/1.1\r\n\r\n'), 'http1.1 http_connect');
    assert.equal(refused('hello there\r\n'), 'http1.1 http_malformed');
    assert.equal(refused(records(handshake(helloBody(), 2))), 'tls not_client_hello');
    assert.equal(refused(records(handshake(helloBody({ extensions: [serverNames(hostName('..'))] })))), 'tls sni_malformed');
  });

  test('are kept whole and in order, however they came', () => {
    const bytes = Buffer.concat([helloFor('t.example', 33), Buffer.from('early data')]);
    for (const size of [1, 7, 64, bytes.length]) {
      const { flight, after } = send(bytes, size);
      flight.append(Buffer.from(bytes.subarray(after)));
      assert.ok(flight.bytes.equals(bytes), `cut by ${size}`);
    }
  });

  test('are bounded: endless records of one byte are refused', () => {
    const body = handshake(helloBody({ extensions: [] }));
    const endless = Buffer.concat([body.subarray(0, 4), Buffer.alloc(64_000)]);
    endless.writeUIntBE(65_000, 1, 3);
    const { verdict, after } = send(records(endless, 1), 1448);
    assert.equal(verdict.kind === 'refused' ? verdict.reason : verdict.kind, 'hello_too_large');
    assert.ok(after <= MAX_STREAM + 1448);
  });
});
