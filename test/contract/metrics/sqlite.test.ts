import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { openMetricStore } from '#server/metrics/index.ts';
import { metricKeepContract, metricReadContract, type OpenStore } from './metric-store.ts';

const dirs: string[] = [];
after(() => {
  for (const dir of dirs) fs.rmSync(dir, { recursive: true, force: true });
});

const open: OpenStore = async (options) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-metrics-'));
  dirs.push(dir);
  const reopen = () => openMetricStore({ file: path.join(dir, 'metrics.db'), ...options });
  return { store: await reopen(), reopen };
};

metricReadContract('SQLite in a worker thread', open);
metricKeepContract('SQLite in a worker thread', open);
