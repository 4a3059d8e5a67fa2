import { isHeadroomError } from '#server/kernel/errors.ts';

/** Proxies between us and the browser drop a silent connection after 30-60 s. */
const PING_MS = 15_000;
/** A log that floods is thinned out: more waiting than this, and lines are dropped and counted. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Lines as server-sent events, until the browser leaves or the source ends; `event: problem` says why it ended, `event: dropped` how many are missing. */
export function lineStream(
  request: Request,
  source: (signal: AbortSignal, onLine: (line: string) => void) => Promise<void>,
  /** asked with each ping: who may no longer read it is told no more of it */
  isStillAllowed: () => Promise<boolean> = async () => true,
): Response {
  const encoder = new TextEncoder();
  const stopped = new AbortController();
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let dropped = 0;
        const send = (text: string) => {
          if (!stopped.signal.aborted) controller.enqueue(encoder.encode(text));
        };
        const onLine = (line: string) => {
          if ((controller.desiredSize ?? 0) <= 0) {
            dropped++;
            return;
          }
          if (dropped > 0) send(`event: dropped\ndata: ${dropped}\n\n`);
          dropped = 0;
          send(`data: ${line.replaceAll('\r', ' ')}\n\n`);
        };
        const ping = setInterval(() => {
          send(': ping\n\n');
          isStillAllowed().then((allowed) => allowed || end(), end);
        }, PING_MS);
        const end = () => {
          clearInterval(ping);
          request.signal.removeEventListener('abort', end);
          if (stopped.signal.aborted) return;
          stopped.abort();
          controller.close();
        };
        request.signal.addEventListener('abort', end, { once: true });
        send('retry: 5000\n: open\n\n');
        source(stopped.signal, onLine)
          .catch((error) => {
            const words = isHeadroomError(error) ? error.message : 'the log cannot be read';
            send(`event: problem\ndata: ${words.replace(/\s+/g, ' ')}\n\n`);
          })
          .finally(end);
      },
      cancel: () => stopped.abort(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' },
  });
}
