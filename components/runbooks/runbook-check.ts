import { lintSteps } from '#shared/runbook-lint.ts';
import { parseRunbookText, RunbookTextError } from '#shared/runbook-text.ts';

export type RunbookCheck =
  | { ok: true; key: string; title: string; steps: { key: string; kind: string; title: string }[] }
  | { ok: false; problems: { where: string; message: string }[] };

/** What the console would say of this text if it were saved now. */
export function checkRunbook(text: string): RunbookCheck {
  try {
    const runbook = parseRunbookText(text);
    const findings = lintSteps(runbook);
    if (findings.length > 0)
      return {
        ok: false,
        problems: findings.map(({ step, message }) => ({ where: step === null ? 'the runbook' : `step ${step}`, message })),
      };
    const { key, title, steps } = runbook;
    return { ok: true, key, title, steps: steps.map((s) => ({ key: s.key, kind: s.kind, title: s.title })) };
  } catch (error) {
    if (error instanceof RunbookTextError) return { ok: false, problems: [{ where: `line ${error.line}`, message: error.message }] };
    throw error;
  }
}

/** A built-in text under a key of one's own, to begin with. */
export const asOwn = (text: string, key: string): string => text.replace(/^key:.*$/m, `key: ${key}-of-ours`);

export const FIRST_RUNBOOK = `---
key: look-first
title: Look first
summary: Says how the node stands, and changes nothing.
mutates: false
---

## Look

What people should know before they read the numbers.

\`\`\`step
kind: preflight
timeout: 20
proves:
  - The node answers and its process runs.
doesNotProve:
  - That it has no leak.
\`\`\`
`;
