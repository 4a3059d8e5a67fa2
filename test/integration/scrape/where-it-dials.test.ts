import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { isDenied } from '#server/kernel/denied-address.ts';
import { until } from '#test/support/until.ts';
import { member, metricsServer, pageOf, rig, serving } from './rig.ts';

/** Writes down where connections go, and makes those to 127.0.0.1 only. */
function recordingDialer(answers: (name: string, asked: number) => string[]) {
  const dialled: string[] = [];
  const asked: string[] = [];
  return {
    dialled,
    asked,
    resolve: async (name: string) => {
      asked.push(name);
      return answers(name, asked.length);
    },
    dial: (address: string, port: number) => {
      dialled.push(address);
      assert.ok(net.isIP(address), `${address} is dialled by name`);
      if (address !== '127.0.0.1') return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      return new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect(port, address, () => resolve(socket));
        socket.once('error', reject);
      });
    },
  };
}

async function page(t: TestContext) {
  return metricsServer(
    t,
    serving(() => pageOf({})),
  );
}

describe('a scrape goes where its node is, and nowhere else', () => {
  test('a name that resolves to a metadata address a moment later is not followed there', async (t) => {
    const server = await page(t);
    // every other question leads to the credentials of the machine; each connection is closed, so that each reading asks anew
    server.answer((_, response) => response.writeHead(200, { connection: 'close' }).end(pageOf({})));
    const dialer = recordingDialer((_, asked) => (asked % 2 === 1 ? ['127.0.0.1'] : ['169.254.169.254']));
    const r = rig(t, { members: [member({ via: 'http', url: `http://edge-1.example:${server.port}/metrics` })], intervalMs: 50, dialer });
    r.scraper.start();
    await until(
      'a reading, and a refusal',
      () => r.samples.length > 0 && /leads to 169\.254\.169\.254/.test(r.scraper.health('n_1').reason ?? ''),
    );
    const more = () => {
      r.scraper.nudge('n_1');
      return dialer.asked.length >= 6;
    };
    await until('more of both', more, { timeoutMs: 15_000, everyMs: 100 });
    assert.deepEqual([...new Set(dialer.dialled)], ['127.0.0.1']);
  });

  test('a name with a good and a bad address is not dialled at all', async (t) => {
    const server = await page(t);
    const dialer = recordingDialer(() => ['127.0.0.1', '169.254.169.254']);
    const r = rig(t, { members: [member({ via: 'http', url: `http://edge-1.example:${server.port}/metrics` })], intervalMs: 50, dialer });
    r.scraper.start();
    await until('refused', () => /is not asked/.test(r.scraper.health('n_1').reason ?? ''));
    assert.deepEqual(dialer.dialled, []);
  });

  test('a redirect to a metadata address is not followed', async (t) => {
    const server = await page(t);
    server.answer((_, response) => response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end());
    const dialer = recordingDialer(() => []);
    const r = rig(t, { members: [member({ via: 'http', url: server.url })], intervalMs: 50, dialer });
    r.scraper.start();
    await until('refused', () => /redirects are not followed/.test(r.scraper.health('n_1').reason ?? ''));
    assert.deepEqual([[...new Set(dialer.dialled)], dialer.asked], [['127.0.0.1'], []]);
  });

  for (const host of ['169.254.169.254', '2852039166', '0xa9fea9fe', '[::ffff:169.254.169.254]', '[fe80::1]', '[fd00:ec2::254]', '0.0.0.0'])
    test(`http://${host}/ is not dialled`, async (t) => {
      const dialer = recordingDialer(() => []);
      const r = rig(t, { members: [member({ via: 'http', url: `http://${host}/metrics` })], intervalMs: 50, dialer });
      r.scraper.start();
      await until('refused', () => /metadata services .* live; it is not asked/.test(r.scraper.health('n_1').reason ?? ''));
      assert.deepEqual(dialer.dialled, []);
    });

  test('of several addresses the first that answers is used; private and loopback ones are fleets', async (t) => {
    const server = await page(t);
    const dialer = recordingDialer(() => ['10.1.2.3', '127.0.0.1']);
    const r = rig(t, { members: [member({ via: 'http', url: `http://edge-1.example:${server.port}/metrics` })], intervalMs: 50, dialer });
    r.scraper.start();
    await until('a sample', () => r.samples.length > 0);
    assert.deepEqual(dialer.dialled.slice(0, 2), ['10.1.2.3', '127.0.0.1']);
    for (const fine of ['10.0.0.1', '192.168.1.1', '172.16.0.1', '127.0.0.1', '::1', 'fd12::1', '2001:db8::1', '::ffff:10.0.0.1'])
      assert.equal(isDenied(fine), false, fine);
    for (const bad of ['::', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', 'fe80::1%eth0', '224.0.0.1', '255.255.255.255', 'ff02::1'])
      assert.equal(isDenied(bad), true, bad);
  });
});
