/** A failure at start that the operator can act on: one line, no stack. Exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The code of a system error ("EADDRINUSE"), "" for anything else. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const code = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : '';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
