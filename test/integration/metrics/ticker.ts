import { setTimeout as sleep } from 'node:timers/promises';
import { openMetricStore } from '#server/metrics/index.ts';
import { sample } from '#test/support/samples.ts';

/** Takes samples of ten nodes all the time and never asks for a flush, as the console does; says the time of each round that it took. */
const store = await openMetricStore({ file: process.argv[2] ?? '' });
for (;;) {
  const at = Date.now();
  for (let node = 0; node < 10; node++) store.append(`n_${node}`, sample(at));
  process.stdout.write(`${at}\n`);
  await sleep(5);
}
