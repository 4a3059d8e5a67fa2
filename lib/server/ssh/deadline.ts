/**
 * Races a promise against a time and an AbortSignal. A deadline that fires late (the process itself was stopped or busy) first lets what
 * has already arrived be read.
 */
export function within<T>(
  promise: Promise<T>,
  options: { ms: number; signal?: AbortSignal | undefined; onTimeout: () => Error },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted) return reject(signal.reason);
    const timer = afterReading(options.ms, () => finish(() => reject(options.onTimeout())));
    const onAbort = () => finish(() => reject(signal?.reason));
    const finish = (settle: () => void) => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
}

/** A timer that yields to pending input twice before it acts, and never keeps the process alive. */
export function afterReading(ms: number, act: () => void): { cancel(): void } {
  let cancelled = false;
  const timer = setTimeout(() => setImmediate(() => setImmediate(() => !cancelled && act())), Math.max(0, ms));
  timer.unref();
  return {
    cancel() {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}
