import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createHistograms } from '../../../../proxy-core/src/observe/histograms.ts';

test('histograms are printed as Prometheus has them: cumulative buckets with their bound included, sum and count', async () => {
  const registry = new Registry();
  const { helloBytes, duration } = createHistograms(registry);
  for (const bytes of [1, 256, 257, 70_000]) helloBytes.observe(bytes);
  duration.observe({ protocol: 'tls' }, 0.002);
  const text = await registry.metrics();
  assert.match(text, /^# TYPE sniproxy_hello_bytes histogram$/m);
  for (const line of [
    'sniproxy_hello_bytes_bucket{le="256"} 2',
    'sniproxy_hello_bytes_bucket{le="512"} 3',
    'sniproxy_hello_bytes_bucket{le="65536"} 3',
    'sniproxy_hello_bytes_bucket{le="+Inf"} 4',
    'sniproxy_hello_bytes_sum 70514',
    'sniproxy_hello_bytes_count 4',
    'sniproxy_connection_duration_seconds_bucket{le="0.005",protocol="tls"} 1',
    'sniproxy_connection_duration_seconds_count{protocol="tls"} 1',
    'sniproxy_connection_duration_seconds_count{protocol="ssh"} 0',
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
});
