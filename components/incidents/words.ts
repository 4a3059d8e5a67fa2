import type { Tone } from '#components/ui/chip.tsx';
import type { MarkKind } from '#components/ui/mark.tsx';
import type { Cause, IncidentStatus, RuleKey, Severity } from '#shared/incident-rules.ts';

type Look = { tone: Tone; mark: MarkKind; word: string };

export const SEVERITY_LOOK: Record<Severity, Look> = {
  critical: { tone: 'danger', mark: 'danger', word: 'Critical' },
  warning: { tone: 'warn', mark: 'warn', word: 'Warning' },
  info: { tone: 'neutral', mark: 'drift', word: 'Info' },
};
export const STATUS_LOOK: Record<IncidentStatus, Look> = {
  open: { tone: 'danger', mark: 'danger', word: 'Open' },
  acknowledged: { tone: 'accent', mark: 'run', word: 'Acknowledged' },
  resolved: { tone: 'ok', mark: 'ok', word: 'Resolved' },
};
export const CAUSE_WORDS: Record<Cause, string> = {
  'fd-leak': 'fds leak',
  'fd-pressure': 'near the fd limit',
  unreachable: 'cannot be read',
  'config-drift': 'config drift',
  'host-key': 'host key',
  'run-stuck': 'a run is stuck',
  'by-hand': 'declared',
};

/** Line colours of the lanes: what ends a process is red, what only is wrong amber. */
export const isPressing = (rule: RuleKey): boolean =>
  rule === 'time-to-emfile' || rule === 'fds-high' || rule === 'emfile-journal' || rule === 'node-down' || rule === 'bought-time';
