import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import { nodeInputSchema } from '#shared/nodes.ts';
import { until } from '#test/support/until.ts';
import { member, metricsServer, probeOf, rig, serving } from './rig.ts';

/** What SNIProxy-rs prints: no fds, no start, no accepted; connections are counted when they end. */
const RUST_PAGE = `# TYPE sniproxy_connections_active gauge
sniproxy_connections_active 40
sniproxy_connections_total{protocol="tls",status="success"} 1000
sniproxy_connections_total{protocol="http",status="error"} 20
sniproxy_bytes_transferred_total{direction="tx",host="a.example"} 5000
sniproxy_pool_size{host="a.example"} 3
`;

describe('an SNIProxy-rs host', () => {
  test('is added with its metrics read through SSH from its loopback, unless said otherwise', () => {
    const { metrics } = nodeInputSchema.parse({ name: 'edge-1', host: '10.0.0.1', user: 'sre' });
    assert.deepEqual(metrics, { via: 'ssh', url: 'http://127.0.0.1:9090/metrics' });
  });

  test('is whole: traffic from its page through the SSH session, fds, limit and start from /proc', async (t) => {
    const server = await metricsServer(
      t,
      serving(() => RUST_PAGE),
    );
    const r = rig(t, {
      members: [member({ via: 'ssh', url: server.url })],
      openTcp: (to) =>
        new Promise((resolve, reject) => {
          const socket = net.connect(to.port, to.host, () => resolve(socket));
          socket.on('error', reject);
        }),
    });
    r.state.probe = () => probeOf({ openFds: 412, fdSoftLimit: 1024 });
    r.scraper.start();
    await until('a page was read', () => r.scraper.health('n_1').state === 'up' && r.state.probes > 0);
    r.scraper.nudge('n_1');
    const first = await until('a sample', () => r.samples[0]);
    assert.deepEqual(
      [first.source, first.openFds, first.fdLimit, first.processStart, first.connectionsActive, first.acceptedTotal, first.poolIdle],
      ['ssh-metrics', 412, 1024, 1_700_000_000_000, 40, 1060, 3],
    );
    assert.equal(first.baselineFds, null, 'what an idle process of its kind holds is not known, so nothing is called unexplained');

    await server.close();
    await until('scrape-blind', () => r.scraper.health('n_1').state === 'scrape-blind');
    await until('counted on', () => r.samples.at(-1)?.source === 'ssh-proc');
    assert.equal(r.samples.at(-1)?.openFds, 412);
  });
});
