import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openerTo } from '#server/scrape/dial.ts';
import { PAGE_LIMITS } from '#server/scrape/exposition.ts';
import { ScrapeFailure } from '#server/scrape/failure.ts';
import { Line } from '#server/scrape/line.ts';
import { readMetricsPage, readReadiness } from '#server/scrape/page.ts';
import { type Handler, metricsServer, pageOf } from './rig.ts';

const DEADLINE_MS = 400;

/** One line to each place that is asked, kept between questions. */
function lines(t: TestContext) {
  const all = new Map<string, Line>();
  t.after(() => {
    for (const line of all.values()) line.close();
  });
  return (url: URL) => {
    const line = all.get(url.host) ?? new Line(url.host, openerTo(url));
    all.set(url.host, line);
    return line;
  };
}

function client(t: TestContext) {
  const lineTo = lines(t);
  return (text: string) => {
    const url = new URL(text);
    return readMetricsPage({ line: lineTo(url), url, deadlineMs: DEADLINE_MS, now: Date.now });
  };
}

/** Which cause a page fails with, in words, and how long that took. */
async function failure(work: Promise<unknown>): Promise<{ cause: string; words: string; ms: number }> {
  const startedAt = performance.now();
  try {
    await work;
  } catch (error) {
    if (error instanceof ScrapeFailure) return { cause: error.reason, words: error.message, ms: performance.now() - startedAt };
    throw error;
  }
  return { cause: 'none', words: '', ms: 0 };
}

describe('a hostile page costs little and fails with its cause', () => {
  const cases: [string, string, RegExp, Handler][] = [
    ['an endless page', 'too-large', /larger than 4 MiB/, (_, r) => endless(r, `${'x'.repeat(99)}\n`)],
    ['an endless line', 'line-too-long', /longer than 16384 bytes/, (_, r) => endless(r, 'process_open_fds')],
    ['a million series', 'too-large', /4 MiB|200000 lines/, (_, r) => endless(r, 'process_open_fds{a="b"} 1\nx 1\n')],
    [
      'a page announced as larger than 4 MiB',
      'too-large',
      /larger than 4 MiB/,
      (_, r) => r.writeHead(200, { 'content-length': String(PAGE_LIMITS.page + 1) }).write('a'),
    ],
    [
      'a page that drips',
      'timeout',
      /did not answer in full within 0.4 s/,
      (_, r) => {
        const timer = setInterval(() => r.write('process_open_fds 1\n'), 20);
        r.on('close', () => clearInterval(timer));
      },
    ],
    ['a page that never answers', 'timeout', /did not answer/, () => undefined],
    [
      'a compressed bomb',
      'encoded',
      /content-encoding "gzip"/,
      (request, r) => {
        assert.equal(request.headers['accept-encoding'], 'identity');
        r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(8 * 1024 * 1024, 'x 1\n')));
      },
    ],
    [
      'a redirect',
      'redirected',
      /redirect \(302\)/,
      (request, r) => (request.url === '/metrics' ? r.writeHead(302, { location: '/other' }).end() : r.end(pageOf({}))),
    ],
    ['an error page', 'status', /status 500/, (_, r) => r.writeHead(500).end(pageOf({}))],
    ['a sign-in page', 'no-series', /no metric of an SNI proxy/, (_, r) => r.end('<html>sign in</html>\n')],
    [
      'a web page, whatever a line of it looks like',
      'no-series',
      /a web page .text\/html., .* a login page/,
      (_, r) => r.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>\nprocess_open_fds 5\n</html>\n'),
    ],
    ['an answer that nothing has changed', 'status', /status 304/, (_, r) => r.writeHead(304).end()],
    [
      'a page cut off by its server',
      'truncated',
      /in the middle/,
      (_, r) => r.writeHead(200, { 'content-length': '1000' }).write(pageOf({}), () => r.destroy()),
    ],
    ['a page cut off in a chunk', 'truncated', /in the middle/, (_, r) => r.write(pageOf({}), () => r.destroy())],
    [
      'OpenMetrics without its end',
      'truncated',
      /# EOF/,
      (_, r) => r.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0' }).end(pageOf({})),
    ],
    ['headers without an end', 'malformed', /did not answer in HTTP|HPE/, (_, r) => endless(r.socket ?? r, 'HTTP/1.1 200 OK\r\nx: ')],
  ];
  for (const [what, cause, words, handler] of cases)
    test(`${what}: ${cause}`, async (t) => {
      const server = await metricsServer(t, handler);
      const got = await failure(client(t)(server.url));
      assert.equal(got.cause, cause, got.words);
      assert.match(got.words, words);
      assert.ok(got.ms < DEADLINE_MS + 1000, `${got.ms} ms`);
    });

  test('a redirect is not followed', async (t) => {
    const asked: string[] = [];
    const server = await metricsServer(t, (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(301, { location: 'http://169.254.169.254/latest' }).end();
    });
    await failure(client(t)(server.url));
    assert.deepEqual(asked, ['/metrics']);
  });

  test('something that is not HTTP: malformed', async (t) => {
    const server = net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    assert.equal((await failure(client(t)(`http://127.0.0.1:${port}/metrics`))).cause, 'malformed');
  });

  test('nothing listens: refused, in words', async (t) => {
    const server = await metricsServer(t, () => undefined);
    await server.close();
    const got = await failure(client(t)(server.url));
    assert.equal(got.cause, 'refused');
    assert.match(got.words, /127\.0\.0\.1:\d+ refused the connection: nothing listens there/);
  });

  test('a name without an address: unresolved', async (t) => {
    assert.equal((await failure(client(t)('http://no-such-host.invalid/metrics'))).cause, 'unresolved');
  });

  test('closing ends the request', async (t) => {
    const server = await metricsServer(t, () => undefined);
    const url = new URL(server.url);
    const line = lines(t)(url);
    const request = failure(readMetricsPage({ line, url, deadlineMs: DEADLINE_MS, now: Date.now }));
    line.close();
    assert.ok((await request).ms < DEADLINE_MS / 2);
  });
});

describe('a kept connection', () => {
  test('that the server closed meanwhile is replaced without a failure', async (t) => {
    const server = await metricsServer(t, (request, response) => {
      // closes behind the client's back, without saying so
      response.end(pageOf({}), () => setImmediate(() => request.socket.destroy()));
    });
    const read = client(t);
    for (let i = 0; i < 20; i++) assert.equal((await read(server.url)).page.openFds, 100);
  });

  test('that closes on every request is a failure after two tries', async (t) => {
    const server = await metricsServer(t, (request) => request.socket.destroy());
    assert.equal((await failure(client(t)(server.url))).cause, 'reset');
  });
});

describe('/ready', () => {
  for (const [status, ready] of [
    [200, true],
    [503, false],
    [404, null],
  ] as const)
    test(`status ${status} is ${ready}`, async (t) => {
      const server = await metricsServer(t, (request, response) =>
        response.writeHead(request.url === '/ready' ? status : 500).end('words\n'),
      );
      const url = new URL(server.url);
      const got = await readReadiness({ line: lines(t)(url), url, deadlineMs: DEADLINE_MS });
      assert.deepEqual(got, { ready, words: ready === false ? 'words' : null });
    });
});

function endless(to: NodeJS.WritableStream, text: string): void {
  const chunk = text.repeat(Math.ceil(65_536 / text.length));
  const go = () => {
    while (to.writable && to.write(chunk));
  };
  to.on('drain', go);
  to.on('error', () => undefined);
  go();
}
