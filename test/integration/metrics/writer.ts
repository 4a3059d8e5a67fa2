import { openMetricStore } from '#server/metrics/index.ts';
import { sample } from '#test/support/samples.ts';

/** Stores one sample a second of its own time, as fast as it can, and says after each flush how far it is. */
const store = await openMetricStore({ file: process.argv[2] ?? '', now: () => 0 });
for (let second = 0; ; second++) {
  store.append('n_a', sample(second * 1000, { openFds: second }));
  if (second % 7 !== 0) continue;
  await store.flush();
  process.stdout.write(`${second * 1000}\n`);
}
