/** Why a metrics page could not be read. A closed list: back-off, words and tests go by it. */
export const SCRAPE_CAUSES = [
  'refused',
  'unresolved',
  'denied',
  'unreachable',
  'reset',
  'timeout',
  'status',
  'redirected',
  'encoded',
  'too-large',
  'line-too-long',
  'malformed',
  'truncated',
  'no-series',
  'ssh',
] as const;
export type ScrapeCause = (typeof SCRAPE_CAUSES)[number];

/** `message` is one sentence that a person can act on. */
export class ScrapeFailure extends Error {
  readonly reason: ScrapeCause;

  constructor(reason: ScrapeCause, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ScrapeFailure';
    this.reason = reason;
  }
}
