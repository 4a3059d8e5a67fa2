import { parseRunbookText, RunbookTextError } from '#shared/runbook-text.ts';
import { REFUSED_STEP_KINDS } from '#shared/runbooks.ts';
import type { Answer } from './answer.ts';

export function lintRunbook(file: string, text: string): Answer {
  try {
    const { key, steps } = parseRunbookText(text);
    const refused = steps.flatMap((s) => (REFUSED_STEP_KINDS[s.kind] ? [`${file}: step "${s.key}": ${REFUSED_STEP_KINDS[s.kind]}`] : []));
    if (refused.length > 0) return { lines: refused, code: 1 };
    return { lines: [`${file}: ${key}, ${steps.length} step${steps.length === 1 ? '' : 's'}, can be run`], code: 0 };
  } catch (error) {
    if (!(error instanceof RunbookTextError)) throw error;
    return { lines: [`${file}:${error.line}: ${error.message}`], code: 1 };
  }
}
