import { z } from 'zod';
import { until } from '#test/support/until.ts';

const replySchema = z.object({
  id: z.number().optional(),
  result: z.object({ usedSize: z.number(), backingStorageSize: z.number() }).partial(),
});

/**
 * What another process keeps: the bytes of its main heap, and of the buffers that it holds, after a full collection. Asked over its inspector, which it
 * opened by `--inspect` and told on stderr. RSS cannot tell this: V8 and malloc give pages back late or never.
 */
export async function heapOf(output: () => string): Promise<{ kept(): Promise<number>; close(): void }> {
  const address = () => /Debugger listening on (ws:\S+)/.exec(output())?.[1] ?? '';
  await until('the inspector is open', () => address() !== '');
  const socket = new WebSocket(address());
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let last = 0;
  const ask = (method: string) =>
    new Promise<z.infer<typeof replySchema>['result']>((resolve) => {
      const id = ++last;
      const heard = ({ data }: MessageEvent) => {
        const reply = replySchema.safeParse(JSON.parse(String(data)));
        if (reply.data?.id !== id) return;
        socket.removeEventListener('message', heard);
        resolve(reply.data.result);
      };
      socket.addEventListener('message', heard);
      socket.send(JSON.stringify({ id, method }));
    });
  return {
    async kept() {
      await ask('HeapProfiler.collectGarbage');
      const { usedSize = 0, backingStorageSize = 0 } = await ask('Runtime.getHeapUsage');
      return usedSize + backingStorageSize;
    },
    close: () => socket.close(),
  };
}
