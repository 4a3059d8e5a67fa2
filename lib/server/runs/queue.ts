/**
 * Hands a run that nobody works on to one of the engines. It says who may try, no more: whoever takes a run holds it by its lease, so a run that is
 * handed out twice, or to an engine that dies on it, is worked on once.
 */
export type RunQueue = {
  /** `take` tries to take one run; somebody may have it already, and it may come again. When it throws it is tried again later. */
  start(take: (runId: string) => Promise<void>): Promise<void>;
  /** Nobody works on this run. While an offer waits, another one of the same run is nothing. */
  offer(runId: string): Promise<void>;
  /** Nothing is handed out any more. */
  stop(): Promise<void>;
};

/** The engine of this very process takes it. */
export function createInProcessQueue(options: { onError: (error: unknown) => void }): RunQueue {
  const offered = new Map<string, Promise<void>>();
  let take: ((runId: string) => Promise<void>) | null = null;
  return {
    async start(taker) {
      take = taker;
    },
    async offer(runId) {
      if (take === null) return;
      const taking =
        offered.get(runId) ??
        take(runId)
          // the next look offers it again
          .catch(options.onError)
          .finally(() => offered.delete(runId));
      offered.set(runId, taking);
      return taking;
    },
    async stop() {
      take = null;
      await Promise.all(offered.values());
    },
  };
}
