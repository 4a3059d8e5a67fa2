import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { refuse } from '#app/api/_http/outer-guard.ts';
import { problemSchema } from '#shared/errors.ts';

async function serve(t: TestContext) {
  const server = http.createServer((request, response) => {
    if (!refuse(request, response)) response.end('went on');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return (method: string, path: string) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      request.on('error', reject);
      request.end();
    });
}

test('a path that is not UTF-8 and a method that nobody takes are problems with a sentence, not a 500', async (t) => {
  const ask = await serve(t);
  for (const [method, path, status, words] of [
    ['GET', '/api/v1/nodes/%ff', 404, /the path \/api\/v1\/nodes\/%ff should be percent-encoded UTF-8/],
    ['GET', '/nodes/%', 404, /should be percent-encoded/],
    ['TRACE', '/api/v1/fleet', 405, /^TRACE is nothing/],
    ['PROPFIND', '/', 405, /^PROPFIND is nothing/],
  ] as const) {
    const answer = await ask(method, path);
    assert.equal(answer.status, status, path);
    assert.match(problemSchema.parse(JSON.parse(answer.text)).detail, words);
  }
});

test('everything else goes on, whatever its query looks like', async (t) => {
  const ask = await serve(t);
  for (const path of ['/', '/nodes/%F0%9F%92%A9', '/api/v1/nodes?x=%ff', '/a%2fb'])
    assert.deepEqual(await ask('GET', path), { status: 200, text: 'went on' });
});
