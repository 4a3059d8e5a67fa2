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
