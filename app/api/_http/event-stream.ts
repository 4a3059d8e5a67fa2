import type { EventHub, EventListener } from '#server/events/index.ts';
import type { LiveEvent } from '#shared/events.ts';

/** Proxies between us and the browser drop a silent connection after 30-60 s. */
const PING_MS = 15_000;
/** What a browser that stopped reading may have waiting before it is cut off; it reconnects and replays. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Samples of so many ms are one write: with many browsers writes are what costs. */
const TOGETHER_MS = 50;

type Told = Parameters<EventListener>[1];
/** Every browser is told the same words, made once. */
const frames = new WeakMap<Told, { id: number; bytes: Uint8Array }>();

function frameOf(id: number, event: Told): Uint8Array {
  const made = frames.get(event);
  if (made?.id === id) return made.bytes;
  const bytes = Buffer.from(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
  frames.set(event, { id, bytes });
  return bytes;
}

/** What the browser was told last; undefined when it begins. */
export function lastEventId(request: Request): number | undefined {
  const header = request.headers.get('last-event-id');
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/**
 * Server-sent events, with replay after Last-Event-ID. `event: reset` says that more was missed than is held: reload what is shown.
 */
export function eventStream(
  events: EventHub,
  request: Request,
  isStillAllowed: () => Promise<boolean>,
  /** whether this subscriber is told an event; null: all of them */
  isTold: ((event: LiveEvent) => Promise<boolean>) | null = null,
  onEnd: () => void = () => undefined,
): Response {
  const since = lastEventId(request);
  const encoder = new TextEncoder();
  let leave = () => {};

  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let gone = false;
        let unsubscribe = () => {};
        let held: Uint8Array[] = [];
        let flushing: NodeJS.Timeout | undefined;
        const write = (bytes: Uint8Array) => {
          if (gone) return;
          controller.enqueue(bytes);
          if ((controller.desiredSize ?? 0) <= 0) end();
        };
        const flush = () => {
          clearTimeout(flushing);
          flushing = undefined;
          if (held.length > 0) write(held.length === 1 && held[0] ? held[0] : Buffer.concat(held));
          held = [];
        };
        const send = (text: string) => write(encoder.encode(text));
        const ping = setInterval(() => {
          send(': ping\n\n');
          // A session that ended or a revoked token ends its open stream too, within one ping.
          isStillAllowed().then((allowed) => allowed || end(), end);
        }, PING_MS);
        leave = () => {
          gone = true;
          clearInterval(ping);
          clearTimeout(flushing);
          unsubscribe();
          request.signal.removeEventListener('abort', end);
          onEnd();
        };
        const end = () => {
          if (gone) return;
          leave();
          controller.close();
        };
        request.signal.addEventListener('abort', end, { once: true });
        if (request.signal.aborted) end();
        const known = since === undefined || events.holds(since);
        send(known ? 'retry: 2000\n: open\n\n' : `retry: 2000\nid: ${events.lastId()}\nevent: reset\ndata: {}\n\n`);
        const tell: EventListener = (id, event) => {
          held.push(frameOf(id, event));
          if (event.type !== 'fleet.sample') flush();
          else flushing ??= setTimeout(flush, TOGETHER_MS);
        };
        const listener = isTold ? oneByOne(tell, isTold, end) : tell;
        unsubscribe = events.subscribe(listener, known ? since : undefined);
        flush();
        // The replay alone may have been more than it takes.
        if (gone) unsubscribe();
      },
      cancel: () => leave(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' },
  });
}

/** Who cannot keep up with being asked about is cut off like who does not read: it reconnects and replays. */
const MOST_ASKED = 5000;

/** In their order, each once it is known whether it is told. */
function oneByOne(tell: EventListener, isTold: (event: LiveEvent) => Promise<boolean>, end: () => void): EventListener {
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (id, event, ...rest) => {
    waiting++;
    if (waiting > MOST_ASKED) return end();
    queue = queue
      .then(async () => {
        if (await isTold(event)) tell(id, event, ...rest);
        waiting--;
      })
      .catch(end);
  };
}
