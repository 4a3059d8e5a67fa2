import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/support/until.ts';
import { connect, request, startProxy } from './harness.ts';

test('whoever asks for page after page and waits for none costs the proxy one page, and is gone', async (t) => {
  const proxy = await startProxy(t, '');
  const client = await connect(t, proxy.adminPort);
  const page = request('x').replace('GET /', 'GET /metrics');
  client.socket.write(page.repeat(5000));
  await until('it is gone', () => client.state.closed || client.state.ended);
  assert.ok(client.text().split('HTTP/1.1 200').length <= 2);
  const scraper = await connect(t, proxy.adminPort);
  for (let i = 1; i <= 3; i += 1) {
    scraper.socket.write(page);
    await until('it is answered', () => scraper.text().split('HTTP/1.1 200').length === i + 1 && scraper.text().endsWith('\n'));
  }
});
