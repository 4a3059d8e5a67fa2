import { lintSteps } from '#shared/runbook-lint.ts';
import { parseRunbookText, RunbookTextError } from '#shared/runbook-text.ts';
import type { Answer } from './answer.ts';

export function lintRunbook(file: string, text: string): Answer {
  try {
    const runbook = parseRunbookText(text);
    const findings = lintSteps(runbook);
    if (findings.length > 0)
      return { lines: findings.map(({ step, message }) => `${file}: ${step === null ? '' : `step "${step}": `}${message}`), code: 1 };
    const { key, steps } = runbook;
    return { lines: [`${file}: ${key}, ${steps.length} step${steps.length === 1 ? '' : 's'}, can be run`], code: 0 };
  } catch (error) {
    if (!(error instanceof RunbookTextError)) throw error;
    return { lines: [`${file}:${error.line}: ${error.message}`], code: 1 };
  }
}
