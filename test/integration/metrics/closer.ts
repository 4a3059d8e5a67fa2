import { openMetricStore } from '#server/metrics/index.ts';
import { sample } from '#test/support/samples.ts';

/** A process that has nothing else to do: it stores one sample, closes the store and says so. */
const store = await openMetricStore({ file: process.argv[2] ?? '' });
store.append('n_a', sample(Date.now()));
await store.close();
process.stdout.write('closed\n');
