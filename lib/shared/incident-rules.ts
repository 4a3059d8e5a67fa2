/** Plain data, without the schema library: pages need it before they read an answer. */

export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What an incident is about; signals of one cause belong together. `by-hand`: a person declared it. */
export const CAUSES = ['fd-leak', 'fd-pressure', 'unreachable', 'config-drift', 'host-key', 'run-stuck', 'by-hand'] as const;
export type Cause = (typeof CAUSES)[number];

/**
 * The numbers of a rule, all of them data. It fires when its value was at or beyond `threshold` for `forSeconds`, and clears when it was on the good
 * side of `clear` for `clearForSeconds`; between the two nothing changes.
 */
export type RuleNumbers = { threshold: number; clear: number; forSeconds: number; clearForSeconds: number };

type RuleSpec = {
  title: string;
  /** the condition, in a sentence */
  about: string;
  severity: Severity;
  cause: Cause;
  unit: string;
  /** which side of `threshold` is bad; `state` has no number to set: it is so or it is not */
  bad: 'above' | 'below' | 'state';
  defaults: RuleNumbers;
  min: number;
  max: number;
};

/** The built-in rules, a closed list. */
export const INCIDENT_RULES = {
  leaking: {
    title: 'Leaking',
    about:
      'The judgement says leaking, and surely by at least this rate. One that has more than 4 h left, or that bends over as a cache that fills, is watched longer first.',
    ...{ severity: 'warning', cause: 'fd-leak', unit: 'fds/min', bad: 'above', min: 0, max: 1e6 },
    defaults: { threshold: 0, clear: 0, forSeconds: 30, clearForSeconds: 300 },
  },
  'time-to-emfile': {
    title: 'Time to EMFILE',
    about: 'The node leaks, and by the near end of its band the limit is reached within this time.',
    ...{ severity: 'critical', cause: 'fd-leak', unit: 'min', bad: 'below', min: 1, max: 43_200 },
    defaults: { threshold: 240, clear: 360, forSeconds: 30, clearForSeconds: 300 },
  },
  'fds-high': {
    title: 'Open fds near the limit',
    about: 'More than this share of the limit is open.',
    ...{ severity: 'critical', cause: 'fd-pressure', unit: '% of the limit', bad: 'above', min: 1, max: 100 },
    defaults: { threshold: 80, clear: 70, forSeconds: 60, clearForSeconds: 300 },
  },
  'pool-gauge': {
    title: 'Pool gauge against reality',
    about: 'The pool says that it holds this many sockets more or fewer than the process has connections for.',
    ...{ severity: 'warning', cause: 'fd-leak', unit: 'sockets', bad: 'above', min: 1, max: 1e6 },
    defaults: { threshold: 50, clear: 25, forSeconds: 180, clearForSeconds: 600 },
  },
  'close-wait': {
    title: 'CLOSE_WAIT grows',
    about: 'Sockets whose peer has closed and that the process keeps: this many more than the fewest of the last half hour.',
    ...{ severity: 'warning', cause: 'fd-leak', unit: 'sockets', bad: 'above', min: 1, max: 1e6 },
    defaults: { threshold: 60, clear: 20, forSeconds: 60, clearForSeconds: 600 },
  },
  'emfile-journal': {
    title: '"Too many open files"',
    about: 'The journal has this many such lines in the last ten minutes.',
    ...{ severity: 'critical', cause: 'fd-leak', unit: 'lines', bad: 'above', min: 1, max: 1e6 },
    defaults: { threshold: 1, clear: 0, forSeconds: 0, clearForSeconds: 600 },
  },
  'scrape-blind': {
    title: 'Scrape-blind',
    about: 'SSH answers and the metrics page does not.',
    ...{ severity: 'warning', cause: 'unreachable', unit: '', bad: 'state', min: 0, max: 0 },
    defaults: { threshold: 0, clear: 0, forSeconds: 60, clearForSeconds: 60 },
  },
  'node-down': {
    title: 'Node down',
    about: 'Neither the metrics page nor SSH answers.',
    ...{ severity: 'critical', cause: 'unreachable', unit: '', bad: 'state', min: 0, max: 0 },
    defaults: { threshold: 0, clear: 0, forSeconds: 90, clearForSeconds: 60 },
  },
  'config-drift': {
    title: 'Config drift',
    about: 'config.yaml is not what was last agreed, and no run is changing it.',
    ...{ severity: 'info', cause: 'config-drift', unit: '', bad: 'state', min: 0, max: 0 },
    defaults: { threshold: 0, clear: 0, forSeconds: 60, clearForSeconds: 30 },
  },
  'host-key-changed': {
    title: 'Host key changed',
    about: 'The node offers another host key than the one that was approved, and is blocked.',
    ...{ severity: 'critical', cause: 'host-key', unit: '', bad: 'state', min: 0, max: 0 },
    defaults: { threshold: 0, clear: 0, forSeconds: 0, clearForSeconds: 0 },
  },
  'run-stuck': {
    title: 'Run stuck',
    about: 'A run that changes the node has not moved for this long.',
    ...{ severity: 'warning', cause: 'run-stuck', unit: 'min', bad: 'above', min: 1, max: 10_080 },
    defaults: { threshold: 30, clear: 30, forSeconds: 0, clearForSeconds: 0 },
  },
  'bought-time': {
    title: 'Bought time is over',
    about: 'The limit was raised to buy time: less than this is left of it, and the node still leaks.',
    ...{ severity: 'critical', cause: 'fd-leak', unit: 'min', bad: 'below', min: 0, max: 1440 },
    defaults: { threshold: 15, clear: 30, forSeconds: 0, clearForSeconds: 0 },
  },
} as const satisfies Record<string, RuleSpec>;
export type RuleKey = keyof typeof INCIDENT_RULES;
export const RULE_KEYS = Object.keys(INCIDENT_RULES) as [RuleKey, ...RuleKey[]];

export const INCIDENT_STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** How people call an incident. */
export const incidentName = (number: number): string => `INC-${number}`;
