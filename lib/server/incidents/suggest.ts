import type { Cause } from '#shared/incident-rules.ts';
import type { Suggestion } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

export type SuggestInput = {
  id: string;
  cause: Cause;
  /** its nodes that are still registered, in the order of who dies first */
  nodes: readonly FleetNode[];
  /** nodes whose process was captured already, and those where a run ended not fixed in this incident */
  captured: ReadonlySet<string>;
  notFixed: ReadonlySet<string>;
  bought: ReadonlySet<string>;
  /** their limit cannot be raised from here */
  nothingToBuy: ReadonlySet<string>;
};

/** Time to EMFILE below which time is bought first, seconds. */
const SOON_SECONDS = 4 * 3600;
/** The API reads selectors up to this long. */
const MOST_SELECTOR = 1900;

/** What to do next, most pressing first, with the targets filled in. Nothing of it is started by itself. */
export function suggest(input: SuggestInput): Suggestion[] {
  const { cause, nodes } = input;
  if (cause === 'fd-leak' || cause === 'fd-pressure' || cause === 'by-hand') return aboutFds(input);
  if (cause === 'config-drift') {
    const drifted = nodes.filter((n) => n.drift);
    return drifted.length === 0
      ? []
      : [
          one(
            'config-rollback',
            'Put the agreed config back',
            'Somebody changed config.yaml by hand. Look at the difference first: it may be the fix.',
            drifted,
          ),
        ];
  }
  if (cause === 'unreachable') {
    const blind = nodes.filter((n) => n.state === 'scrape-blind');
    return blind.length === 0
      ? []
      : [one('capture-evidence', 'Keep evidence', 'SSH still answers: keep what the process holds before anybody restarts it.', blind)];
  }
  return [];
}

function aboutFds({ nodes, captured, notFixed, bought, nothingToBuy, cause }: SuggestInput): Suggestion[] {
  const leaking = nodes.filter((n) => n.leak.verdict === 'leaking');
  const worried = cause === 'fd-pressure' ? nodes.filter((n) => (n.openFds ?? 0) > 0.7 * (n.fdLimit ?? Number.POSITIVE_INFINITY)) : leaking;
  const soon = worried.filter(
    (n) =>
      !bought.has(n.id) &&
      !nothingToBuy.has(n.id) &&
      (n.timeToEmfileSeconds?.low ?? (cause === 'fd-pressure' ? 0 : Number.POSITIVE_INFINITY)) < SOON_SECONDS,
  );
  const uncaptured = worried.filter((n) => !captured.has(n.id));
  const untried = leaking.filter((n) => !notFixed.has(n.id));
  const tried = leaking.filter((n) => notFixed.has(n.id));
  const list: Suggestion[] = [];
  if (soon.length > 0) {
    const first = soon[0]?.timeToEmfileSeconds;
    const left = first ? `${soon[0]?.name} has ${formatDuration(first.mid)} left. ` : '';
    list.push(
      one(
        'buy-time',
        `Buy time on ${plural(soon.length, 'node')}`,
        `${left}Raise the limit of the running process: no restart, nothing cut. It fixes nothing.`,
        soon,
        { limit: 65_536, keep: true },
      ),
    );
  }
  if (uncaptured.length > 0)
    list.push(
      one('capture-evidence', 'Keep evidence', 'A restart frees every leaked fd, and the proof of what leaked with it.', uncaptured),
    );
  if (untried.length > 0)
    list.push(
      one(
        'fd-leak',
        'Restart and verify',
        'The documented workflow: pool off, restart, then judge by the slope whether the leak is gone.',
        untried,
        { watchSeconds: 60 },
      ),
    );
  if (tried.length > 0)
    list.push(
      one(
        'rolling-restart',
        'Restart, to free what leaked',
        'The change did not fix it: a restart frees the fds, and the leak begins again. Use the time to find the cause.',
        tried,
      ),
    );
  return list;
}

function one(runbook: string, title: string, why: string, nodes: readonly FleetNode[], params: Suggestion['params'] = {}): Suggestion {
  const selector = selectorOf(nodes);
  const query = new URLSearchParams({
    selector,
    ...Object.fromEntries(Object.entries(params).map(([k, v]) => [`params.${k}`, String(v)])),
  });
  return { runbook, title, why, selector, params, href: `/runbooks/${runbook}?${query}` };
}

const selectorOf = (nodes: readonly { name: string }[]): string => {
  let text = 'name=';
  for (const { name } of nodes) {
    if (text.length + name.length > MOST_SELECTOR) break;
    text += `${text === 'name=' ? '' : ','}${name}`;
  }
  return text;
};
