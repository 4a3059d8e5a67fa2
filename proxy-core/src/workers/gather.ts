import { AggregatorRegistry, type Registry } from 'prom-client';
import { OLDEST, type SharedStatus, type Status } from '../admin/status.ts';
import { METRICS } from '../contract/metrics.ts';
import { type Family, familiesOf } from '../observe/exposition.ts';
import type { Answer } from './messages.ts';

/** Families that tell of the worker nearest its limit. */
const WORST: ReadonlySet<string> = new Set(
  Object.entries(METRICS).flatMap(([name, spec]) => ('across' in spec && spec.across === 'worst' ? [name] : [])),
);

const join = (pages: readonly (readonly Family[])[]): Registry => AggregatorRegistry.aggregate(pages.map((page) => [...page]));

/** How much of its limit a worker has open. */
const fill = ({ open, limit }: Status['fds']): number => (limit > 0 ? open / limit : 1);

/** The worker nearest its limit. */
const worstOf = (answers: readonly Answer[]): Answer | null =>
  answers.reduce<Answer | null>((worst, one) => (worst === null || fill(one.status.fds) > fill(worst.status.fds) ? one : worst), null);

/** One page of all workers' metrics. What the primary tells itself is not asked of the workers. */
export function joinMetrics(answers: readonly Answer[], past: readonly Family[], primary: readonly Family[]): Registry {
  const own = new Set(primary.map(({ name }) => name));
  const worst = worstOf(answers);
  const pages = answers.map((answer) => answer.families.filter(({ name }) => !own.has(name) && (answer === worst || !WORST.has(name))));
  return join([...pages, past, primary]);
}

/** The counts of workers that are gone: a counter of the page never falls. */
export class Past {
  #families: Promise<readonly Family[]> = Promise.resolve([]);

  /** With the counts of everybody who was absorbed before this was asked. */
  get families(): Promise<readonly Family[]> {
    return this.#families;
  }

  /** `lost`: connections that a worker carried when it died; they count as ended for that reason. */
  absorb(families: readonly Family[], lost: number): void {
    const counts = families.filter(({ type, aggregator }) => (type === 'counter' || type === 'histogram') && aggregator === 'sum');
    if (lost > 0)
      for (const family of counts) {
        const labels = LOST[family.name];
        if (labels) family.values.push({ labels, value: lost });
      }
    this.#families = this.#families.then((before) => familiesOf(join([before, counts])));
  }
}

const LOST: Record<string, Record<string, string>> = {
  sniproxy_closed_total: { reason: 'worker_lost' },
  sniproxy_connections_total: { protocol: 'unknown', status: 'error' },
  sniproxy_errors_total: { error_type: 'worker_lost', protocol: 'unknown' },
};

/** Sums over the workers; descriptors are those of the one nearest its limit. */
export function joinStatus(
  answers: readonly Answer[],
  base: Omit<SharedStatus, 'accepted' | 'connections' | 'fds' | 'pool' | 'oldest'>,
  pastAccepted: number,
): SharedStatus {
  const all = answers.map(({ status }) => status);
  const sum = (read: (status: Status) => number) => all.reduce((total, status) => total + read(status), 0);
  const phases = { sniff: 0, dial: 0, tunnel: 0, half_closed: 0, stale: 0 };
  for (const phase of Object.keys(phases) as (keyof typeof phases)[]) phases[phase] = sum((status) => status.connections.phases[phase]);
  const generations: Record<string, number> = {};
  for (const { connections } of all)
    for (const [generation, count] of Object.entries(connections.generations))
      generations[generation] = (generations[generation] ?? 0) + count;
  return {
    ...base,
    accepted: pastAccepted + sum((status) => status.accepted),
    connections: { active: sum((status) => status.connections.active), max: sum((status) => status.connections.max), phases, generations },
    fds: worstOf(answers)?.status.fds ?? { open: 0, limit: 0, budget: 0, baseline: 0, kinds: NO_KINDS },
    pool: {
      enabled: all.some(({ pool }) => pool.enabled),
      created: sum(({ pool }) => pool.created),
      idle: sum(({ pool }) => pool.idle),
      leased: sum(({ pool }) => pool.leased),
      destroyed: sum(({ pool }) => pool.destroyed),
    },
    oldest: all
      .flatMap(({ oldest }) => oldest)
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, OLDEST),
  };
}

const NO_KINDS = { listener: 0, client: 0, upstream: 0, pool_idle: 0, other: 0 } as const;
