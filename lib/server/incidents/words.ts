import { type Cause, SEVERITIES, type Severity } from '#shared/incident-rules.ts';

/** The title that follows the signals, until a person writes one. */
export function autoTitle(cause: Cause, names: readonly string[]): string {
  const [first = 'a node'] = names;
  const one = names.length <= 1;
  const nodes = one ? first : `${names.length} nodes`;
  switch (cause) {
    case 'fd-leak':
      return `${nodes} ${one ? 'leaks' : 'leak'} file descriptors`;
    case 'fd-pressure':
      return `${nodes} ${one ? 'is' : 'are'} near the limit of open files`;
    case 'unreachable':
      return `${nodes} cannot be read`;
    case 'config-drift':
      return `config.yaml of ${nodes} is not what was agreed`;
    case 'host-key':
      return `${nodes} ${one ? 'offers' : 'offer'} another host key`;
    case 'run-stuck':
      return `A run on ${nodes} is stuck`;
    case 'by-hand':
      return `Something is wrong with ${nodes}`;
  }
}

export const worst = (severities: readonly Severity[]): Severity => SEVERITIES.find((s) => severities.includes(s)) ?? 'info';
