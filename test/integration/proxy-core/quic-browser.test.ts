import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { suiteOwner, tempDir } from './harness.ts';
import { type QuicProxy, quicCertificate, sha256, startCaddy, startQuicProxy } from './quic-parts.ts';

const BIG = randomBytes(5_000_000);

describe('Chromium over QUIC through the proxy', () => {
  const owner = suiteOwner();
  let browser: Browser;
  let proxy: QuicProxy;

  before(async () => {
    const root = tempDir(owner);
    fs.writeFileSync(path.join(root, 'big.bin'), BIG);
    fs.writeFileSync(path.join(root, 'index.html'), '<!doctype html><title>a page</title>');
    const { key, cert, spki } = quicCertificate(owner, ['a.test', 'b.test']);
    const [a, b] = await Promise.all([
      startCaddy(owner, { names: ['a.test'], root, key, cert, body: 'backend a' }),
      startCaddy(owner, { names: ['b.test'], root, key, cert, body: 'backend b' }),
    ]);
    proxy = await startQuicProxy(
      owner,
      `routes:
  - { match: a.test, backends: ["127.0.0.1:${a.port}"] }
  - { match: b.test, backends: ["127.0.0.1:${b.port}"] }
`,
    );
    browser = await launchBrowser([
      '--enable-quic',
      '--origin-to-force-quic-on=a.test:443,b.test:443',
      `--ignore-certificate-errors-spki-list=${spki}`,
      `--host-resolver-rules=MAP *.test 127.0.0.1:${proxy.quicPort}`,
    ]);
  });
  after(() => browser?.close());

  for (const name of ['a', 'b'])
    test(`${name}.test: its own backend answers, over HTTP/3, and megabytes come unchanged`, async () => {
      const page = await browser.newPage();
      await page.goto(`https://${name}.test/`);
      const seen = await page.evaluate(async () => {
        const who = await (await fetch('/whoami')).text();
        const bytes = await (await fetch('/big.bin')).arrayBuffer();
        const digest = await crypto.subtle.digest('SHA-256', bytes);
        const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        const protocols = performance.getEntriesByType('resource').map((entry) => Reflect.get(entry, 'nextHopProtocol'));
        return { who, hex, protocols: [...new Set(protocols)] };
      });
      assert.deepEqual(seen, { who: `backend ${name}`, hex: sha256(BIG), protocols: ['h3'] });
      await page.close();
    });

  test('its hello, which takes two datagrams with its post-quantum key, is counted once per connection', async () => {
    const metrics = await proxy.metrics();
    const flows = metrics.get('sniproxy_protocol_distribution_total{protocol="quic"}') ?? 0;
    assert.ok(flows >= 2, `${flows} connections`);
    const large = (metrics.get('sniproxy_hello_bytes_count') ?? 0) - (metrics.get('sniproxy_hello_bytes_bucket{le="2048"}') ?? 0);
    assert.equal(metrics.get('sniproxy_hello_bytes_count'), flows);
    assert.equal(large, flows, 'first flights of more than one datagram');
  });
});
