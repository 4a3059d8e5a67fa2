import { ERROR_CODES, type ErrorCode } from '#shared/errors.ts';

// A symbol from the global registry: Next bundles a second copy of this file, so `instanceof` would not hold between the two.
const BRAND = Symbol.for('headroom.error');

/** The one error that may reach a client. `message` is the problem's `detail`: it names the thing, what it was, what it should be. */
export class HeadroomError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  /** one entry per wrong field, path as in the request body */
  readonly fields: { path: string; message: string }[] | undefined;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; fields?: { path: string; message: string }[] } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HeadroomError';
    this.code = code;
    this.fields = options.fields;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

export const isHeadroomError = (error: unknown): error is HeadroomError => typeof error === 'object' && error !== null && BRAND in error;
