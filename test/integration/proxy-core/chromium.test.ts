import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { certificate, portOf, type RunningProxy, startProxy, suiteOwner } from './harness.ts';

const BIG = randomBytes(3_000_000);
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('Chromium through the proxy', () => {
  const owner = suiteOwner();
  let browser: Browser;
  let proxy: RunningProxy;

  before(async () => {
    const answer: http.RequestListener = (request, response) => {
      if (request.url === '/big') return void response.end(BIG);
      if (request.method === 'POST') {
        const hash = createHash('sha256');
        request.on('data', (chunk) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')));
        return;
      }
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>${request.headers.host}</title><p>served to ${request.headers.host}`);
    };
    const { key, cert } = certificate(owner);
    const plain = http.createServer(answer).listen(0, '127.0.0.1');
    const secure = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, answer).listen(0, '127.0.0.1');
    await Promise.all([once(plain, 'listening'), once(secure, 'listening')]);
    owner.after(() => {
      for (const server of [plain, secure]) {
        server.closeAllConnections();
        server.close();
      }
    });
    proxy = await startProxy(
      owner,
      `timeouts: { connect: 5, client_hello: 5, idle: 60 }
routes:
  - { match: plain.test, backends: ["127.0.0.1:${portOf(plain)}"] }
  - { match: secure.test, backends: ["127.0.0.1:${portOf(secure)}"] }
`,
    );
    browser = await launchBrowser(['--ignore-certificate-errors', `--host-resolver-rules=MAP *.test 127.0.0.1:${proxy.port}`]);
  });
  after(() => browser?.close());

  for (const [scheme, host] of [
    ['http', 'plain.test'],
    ['https', 'secure.test'],
  ] as const)
    test(`${scheme}: pages are reached by name, and megabytes go each way unchanged`, async () => {
      const page = await browser.newPage();
      await page.goto(`${scheme}://${host}/`);
      assert.equal(await page.locator('p').textContent(), `served to ${host}`);
      // The server hashes what it gets back: both ways in one figure, without carrying bytes through the debugger.
      const roundTrip = await page.evaluate(async () => {
        const bytes = await (await fetch('/big')).arrayBuffer();
        return (await fetch('/', { method: 'POST', body: bytes })).text();
      });
      assert.equal(roundTrip, sha(BIG));
      await page.close();
    });

  test('what the browser did is counted by protocol', async () => {
    const metrics = await proxy.metrics();
    const count = (protocol: string) => metrics.get(`sniproxy_protocol_distribution_total{protocol="${protocol}"}`) ?? 0;
    assert.ok(count('tls') >= 1 && count('http1.1') >= 1);
  });
});
