import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openMetricStore, readFromPrometheus } from '#server/metrics/index.ts';
import { COUNTER_SERIES, GAUGE_SERIES, START_SERIES } from '#server/metrics/prometheus-series.ts';
import type { Sample } from '#shared/metrics.ts';
import { programs, type RealServer, startPrometheus, startVictoriaMetrics } from '#test/support/real-servers.ts';
import { remoteWrite, type Written } from '#test/support/remote-write.ts';
import { metricReadContract, type OpenStore } from './metric-store.ts';

const SERVERS = [
  { name: 'Prometheus', program: programs.prometheus(), launch: (program: string) => startPrometheus(program, '') },
  { name: 'VictoriaMetrics', program: programs.victoriaMetrics(), launch: startVictoriaMetrics },
];

for (const { name, program, launch } of SERVERS)
  if (program === null) test(`the contract on ${name}`, { skip: `${name} is not installed` }, () => undefined);
  else
    describe(`on a real ${name}`, () => {
      let server: RealServer;
      const dirs: string[] = [];
      before(async () => {
        server = await launch(program);
      });
      after(async () => {
        await server.stop();
        for (const dir of dirs) fs.rmSync(dir, { recursive: true, force: true });
      });

      /** What is appended is scraped by that server too, and everything is read from there. */
      const open: OpenStore = async ({ now }) => {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-metrics-'));
        dirs.push(dir);
        const fleet = randomBytes(6).toString('hex');
        const instance = (nodeId: string) => `${nodeId}.${fleet}:9090`;
        const scraped: { nodeId: string; sample: Sample }[] = [];
        const scrape = async () => {
          const batch = scraped.splice(0);
          if (batch.length === 0) return;
          await remoteWrite(server.url, seriesOf(batch, instance));
          if (name === 'VictoriaMetrics') await fetch(`${server.url}/internal/force_flush`);
        };
        const reopen = async () => {
          const local = await openMetricStore({ file: path.join(dir, 'metrics.db'), now });
          const store = readFromPrometheus({
            url: server.url,
            local,
            now,
            instanceOf: async (nodeId) => instance(nodeId),
            recentMs: Number.NEGATIVE_INFINITY,
            onError: (words, error) => {
              throw new Error(words, { cause: error });
            },
          });
          return {
            ...store,
            append: (nodeId: string, sample: Sample) => {
              store.append(nodeId, sample);
              scraped.push({ nodeId, sample });
            },
            raw: (...asked: Parameters<typeof store.raw>) => scrape().then(() => store.raw(...asked)),
            query: (...asked: Parameters<typeof store.query>) => scrape().then(() => store.query(...asked)),
          };
        };
        return { store: await reopen(), reopen };
      };
      metricReadContract(`history read from ${name}`, open, { readBack: (one) => ({ ...one, source: 'http' }), exactTimes: false });

      // the newest samples, which a server takes no older ones after
      test('fds of a proxy with several workers are those of all, and its limit where the fullest worker meets its own', async () => {
        const now = Math.floor(Date.now() / 60_000) * 60_000;
        const instance = `workers-${randomBytes(6).toString('hex')}:9090`;
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-metrics-'));
        dirs.push(dir);
        const values: [metric: string, value: number, label?: Record<string, string>][] = [
          ['process_start_time_seconds', 1_700_000_000],
          ['process_open_fds', 600],
          ['process_max_fds', 1000],
          ['sniproxy_fd_baseline', 20],
          ['sniproxy_connections_active', 480],
          ['sniproxy_workers', 2],
          ['sniproxy_worker_open_fds', 400, { worker: '1' }],
          ['sniproxy_worker_open_fds', 600, { worker: '2' }],
        ];
        const times = [now - 240_000, now - 235_000];
        await remoteWrite(
          server.url,
          values.map(([metric, value, label]) => ({
            labels: { __name__: metric, instance, job: 'fleet', ...label },
            samples: times.map((at): [number, number] => [at, value]),
          })),
        );
        if (name === 'VictoriaMetrics') await fetch(`${server.url}/internal/force_flush`);
        const local = await openMetricStore({ file: path.join(dir, 'metrics.db') });
        const store = readFromPrometheus({
          url: server.url,
          local,
          now: () => now,
          instanceOf: async () => instance,
          recentMs: Number.NEGATIVE_INFINITY,
        });
        const expected = { openFds: 1000, fdLimit: 1667, baselineFds: 40, connectionsActive: 480 };
        const [sample] = await store.raw('n_1', now - 300_000, now);
        assert.partialDeepStrictEqual(sample, expected);
        const { buckets } = await store.query('n_1', { fromMs: now - 300_000, toMs: now, stepSeconds: 60 });
        for (const stat of ['min', 'avg', 'max', 'last'] as const) assert.partialDeepStrictEqual(buckets[0]?.[stat], expected);
        await store.close();
      });
    });

function seriesOf(batch: readonly { nodeId: string; sample: Sample }[], instance: (nodeId: string) => string): Written[] {
  const all = new Map<string, Written>();
  const put = (nodeId: string, { metric, labels }: typeof START_SERIES, at: number, value: number | null) => {
    if (value === null) return;
    const key = `${nodeId} ${metric} ${labels}`;
    const [, label, text] = /^(\w+)="(.*)"$/.exec(labels ?? '') ?? [];
    const series = all.get(key) ?? {
      labels: { __name__: metric, instance: instance(nodeId), job: 'fleet', ...(label && { [label]: text ?? '' }) },
      samples: [],
    };
    series.samples.push([at, value]);
    all.set(key, series);
  };
  for (const { nodeId, sample } of batch) {
    put(nodeId, START_SERIES, sample.at, sample.processStart === null ? null : sample.processStart / 1000);
    for (const [key, series] of Object.entries({ ...GAUGE_SERIES, ...COUNTER_SERIES }))
      put(nodeId, series, sample.at, numberOf(sample, key));
  }
  return [...all.values()];
}

/** `key` names one of the sample's numbers. */
const numberOf = (sample: Sample, key: string): number | null => sample[key as keyof typeof GAUGE_SERIES];
