import { HeadroomError } from './errors.ts';

/** Runs so many pieces of work at a time. More are refused at once, with request.rate-limited: who waits behind seconds of work has no answer in time. */
export function atMost(most: number, what: string): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = 0;
  return async (work) => {
    if (busy >= most)
      throw new HeadroomError('request.rate-limited', `${busy} ${what} are being made, which is the most at a time: ask again in a moment`);
    busy++;
    try {
      return await work();
    } finally {
      busy--;
    }
  };
}
