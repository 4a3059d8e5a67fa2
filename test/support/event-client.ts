import { eventSchema, type LiveEvent } from '#shared/events.ts';

export type Heard = { id: number; event: LiveEvent };
export type EventClient = {
  heard: Heard[];
  /** how often it was told to reload what it shows */
  resets(): number;
  /** resolves when the stream has ended, however it ended */
  ended: Promise<void>;
  close(): void;
};

/** Listens to the event stream of one process as a browser does; `since` is its Last-Event-ID. Rejects when the stream is refused. */
export async function listenTo(url: string, token: string, since?: number): Promise<EventClient> {
  const stop = new AbortController();
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    ...(since !== undefined && { 'last-event-id': `${since}` }),
  };
  const response = await fetch(`${url}/api/v1/events`, { headers, signal: stop.signal });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const heard: Heard[] = [];
  let resets = 0;
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        if (field('event') === 'reset') resets++;
        else if (field('data') !== undefined)
          heard.push({ id: Number(field('id')), event: eventSchema.parse(JSON.parse(field('data') ?? '')) });
      }
    }
  };
  const ended = read(response.body).catch(() => undefined);
  return { heard, resets: () => resets, ended, close: () => stop.abort() };
}
