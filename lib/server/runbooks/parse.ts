import { createHash } from 'node:crypto';
import { HeadroomError } from '#server/kernel/errors.ts';
import { parseRunbookText, RunbookTextError } from '#shared/runbook-text.ts';
import type { Runbook } from '#shared/runbooks.ts';

/** The text as a runbook of this version; `name` is only for messages. Throws runbook.invalid with the line. */
export function parseRunbook(text: string, options: { name: string; builtin: boolean }): Runbook {
  try {
    const version = createHash('sha256').update(text).digest('hex').slice(0, 12);
    return { ...parseRunbookText(text), version, builtin: options.builtin };
  } catch (error) {
    if (!(error instanceof RunbookTextError)) throw error;
    throw new HeadroomError('runbook.invalid', `${options.name} line ${error.line}: ${error.message}`);
  }
}
