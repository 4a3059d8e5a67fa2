import type { LiveEvent } from '#shared/events.ts';

/** How many events a browser may have missed and still get by Last-Event-ID; older ones: it reloads what it shows. */
const KEPT = 2000;

export type EventListener = (id: number, event: LiveEvent) => void;
export type EventHub = ReturnType<typeof createEventHub>;

/** In-process publish and subscribe behind the event stream. Ids rise by one from 1, and start anew with the process. */
export function createEventHub(
  options: { /** a listener threw; the others were told all the same */ onError?: (error: unknown) => void } = {},
) {
  const listeners = new Set<EventListener>();
  const ring: { id: number; event: LiveEvent }[] = [];
  let lastId = 0;
  return {
    publish(event: LiveEvent): void {
      lastId++;
      ring.push({ id: lastId, event });
      if (ring.length > KEPT) ring.shift();
      for (const listener of [...listeners]) {
        try {
          listener(lastId, event);
        } catch (error) {
          options.onError?.(error);
        }
      }
    },
    /** With `since`, what came after that id is delivered first, before this returns. */
    subscribe(listener: EventListener, since?: number): () => void {
      if (since !== undefined) for (const { id, event } of ring) if (id > since) listener(id, event);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    lastId: () => lastId,
    /** whether everything after `since` is still held */
    holds: (since: number) => since <= lastId && since >= (ring[0]?.id ?? lastId + 1) - 1,
    listeners: () => listeners.size,
  };
}
