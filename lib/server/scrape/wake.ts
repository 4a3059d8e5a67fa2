/** A sleep that can be cut short; a call while nobody sleeps cuts the next one. Thousands of these run at once: a timer each and nothing more. */
export function createWake() {
  let pending = false;
  let stopped = false;
  let sleeper: { timer: NodeJS.Timeout; wake: () => void } | null = null;
  const wake = () => {
    const woken = sleeper;
    sleeper = null;
    if (!woken) return;
    clearTimeout(woken.timer);
    woken.wake();
  };
  return {
    now(): void {
      pending = true;
      wake();
    },
    /** for good: nobody sleeps any more */
    stop(): void {
      stopped = true;
      wake();
    },
    async sleep(ms: number): Promise<void> {
      if (!pending && !stopped)
        await new Promise<void>((resolve) => {
          sleeper = { timer: setTimeout(wake, ms).unref(), wake: resolve };
        });
      pending = false;
    },
  };
}
export type Wake = ReturnType<typeof createWake>;
