import { FirstFlight, type Verdict } from '../../../proxy-core/src/parse/first-flight.ts';

/** The verdict on a first flight that comes in pieces of `size`, and after how many bytes it was there. */
export function readFlight(
  input: Buffer | string,
  size = Number.POSITIVE_INFINITY,
): { verdict: Verdict; after: number; flight: FirstFlight } {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
  const flight = new FirstFlight();
  let verdict: Verdict = { kind: 'more' };
  let after = 0;
  while (after < bytes.length && verdict.kind === 'more') {
    const piece = Buffer.from(bytes.subarray(after, Math.min(bytes.length, after + size)));
    flight.append(piece);
    after += piece.length;
    verdict = flight.read();
  }
  return { verdict, after, flight };
}

/** In one word: the name that is asked for ("-" for none), "refused <reason>", or "more". */
export function judged(input: Buffer | string, size?: number): string {
  const { verdict } = readFlight(input, size);
  if (verdict.kind === 'asked') return verdict.asked.name ?? '-';
  return verdict.kind === 'refused' ? `refused ${verdict.reason}` : 'more';
}
