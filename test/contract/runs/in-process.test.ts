import { createInProcessQueue } from '#server/runs/queue.ts';
import { queueContract } from './queue.ts';

queueContract('in this process', async (t) => {
  const queue = createInProcessQueue({ onError: () => undefined });
  t.after(() => queue.stop());
  return { queue, another: null };
});
