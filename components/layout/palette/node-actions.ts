import type { FleetNode } from '#shared/nodes.ts';

/** What may be asked of a node by name; the page that it leads to shows the plan and asks before anything is done. */
export type NodeAction = {
  label: string;
  /** how people begin to ask for it */
  words: readonly string[];
  detail: string;
  /** needs the right to change nodes */
  changes: boolean;
  href: (node: FleetNode) => string;
  /** where the same is asked of several nodes */
  many?: (selector: string) => string;
};

const runbook = (key: string) => (selector: string) => `/runbooks/${key}?selector=${encodeURIComponent(selector)}`;
const named = (node: FleetNode): string => `name=${node.name}`;
const byRunbook = (key: string) => ({ href: (node: FleetNode) => runbook(key)(named(node)), many: runbook(key) });
const tab = (name: string) => (node: FleetNode) => `/nodes/${node.id}?tab=${name}`;

export const NODE_ACTIONS: readonly NodeAction[] = [
  {
    label: 'Restart',
    words: ['restart', 'reboot'],
    detail: 'rolling-restart, asks before it acts',
    changes: true,
    ...byRunbook('rolling-restart'),
  },
  {
    label: 'Run fd-leak on',
    words: ['run', 'fd-leak', 'fix', 'leak'],
    detail: 'the incident workflow: edit config, restart, verify',
    changes: true,
    ...byRunbook('fd-leak'),
  },
  {
    label: 'Change the pool of',
    words: ['change', 'pool', 'edit'],
    detail: 'diff and fd budget first',
    changes: true,
    href: (node) => `/changes/new?selector=${encodeURIComponent(named(node))}`,
    many: (selector) => `/changes/new?selector=${encodeURIComponent(selector)}`,
  },
  {
    label: 'Buy time on',
    words: ['buy', 'limit', 'time'],
    detail: 'raise the limit of open files of the running process',
    changes: true,
    ...byRunbook('buy-time'),
  },
  {
    label: 'Capture evidence of',
    words: ['capture', 'evidence'],
    detail: 'before a restart destroys it',
    changes: true,
    ...byRunbook('capture-evidence'),
  },
  {
    label: 'X-ray the fds of',
    words: ['x-ray', 'xray', 'fds', 'lsof'],
    detail: 'by kind, TCP state, peer and age',
    changes: false,
    href: tab('fds'),
  },
  { label: 'Logs of', words: ['logs', 'log', 'journal'], detail: 'live', changes: false, href: tab('logs') },
  { label: 'Config of', words: ['config', 'yaml'], detail: 'as it is on the node', changes: false, href: tab('config') },
  {
    label: 'Compare',
    words: ['compare', 'diff'],
    detail: 'with the others',
    changes: false,
    href: (node) => `/compare?q=${encodeURIComponent(named(node))}`,
    many: (selector) => `/compare?q=${encodeURIComponent(selector)}`,
  },
];
