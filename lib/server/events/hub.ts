import type { Tx } from '#server/db/index.ts';
import type { LiveEvent } from '#shared/events.ts';
import type { Sample } from '#shared/metrics.ts';

/** How many events a browser may have missed and still get by Last-Event-ID; older ones: it reloads what it shows. */
const KEPT = 2000;

/**
 * What browsers are not told. `by`: who tells it, where they must know their own words again; for processes that did not read the node themselves:
 * `sample`, of a fleet.sample, whole, and `facts`, of a node.changed.
 */
export type About = { by?: string; sample?: Sample; facts?: object };
/** `own`: told by this process. */
export type EventListener = (id: number, event: LiveEvent, about: About & { own: boolean }) => void;

/** Publish and subscribe behind the event stream. Ids rise. */
export type EventHub = {
  publish(event: LiveEvent, about?: About): void;
  /**
   * Events of a transaction: told when what it returns is called, after the commit. Where several processes share the events they are stored in
   * `tx` itself, so that no crash comes between.
   */
  within(tx: Tx, events: readonly LiveEvent[]): Promise<() => void>;
  /** With `since`, what came after that id is delivered first, before this returns. */
  subscribe(listener: EventListener, since?: number): () => void;
  lastId(): number;
  /** whether everything after `since` is still held */
  holds(since: number): boolean;
  /** Resolves when `since`, which another process may have told, was told here, too, if it ever was. */
  reach(since: number): Promise<void>;
  listeners(): number;
};

/** The events that are still held and those who listen. */
export function createRing(options: { kept?: number; onError?: ((error: unknown) => void) | undefined }) {
  const listeners = new Set<EventListener>();
  let ring: Parameters<EventListener>[] = [];
  let lastId = 0;
  /** everything after this id is in the ring */
  let floor = 0;
  return {
    tell(...told: Parameters<EventListener>): void {
      lastId = told[0];
      ring.push(told);
      if (ring.length > (options.kept ?? KEPT)) floor = ring.shift()?.[0] ?? floor;
      for (const listener of [...listeners]) {
        try {
          listener(...told);
        } catch (error) {
          options.onError?.(error);
        }
      }
    },
    subscribe(listener: EventListener, since?: number): () => void {
      if (since !== undefined) for (const told of ring) if (told[0] > since) listener(...told);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** What came before `id` is not known here. */
    startFrom(id: number): void {
      ring = [];
      floor = id;
      lastId = Math.max(lastId, id);
    },
    lastId: () => lastId,
    holds: (since: number) => since <= lastId && since >= floor,
    listeners: () => listeners.size,
  };
}
