import type { FigureOf } from './figures.ts';

export type Bench = {
  /** what it is called here */
  name: string;
  /** the marks that its table has in docs/benchmarks.md */
  mark: string;
  file: string;
  /** for the figures of the page */
  args: readonly string[];
  /** for a look, under three minutes; null: there is no short form */
  quick: readonly string[] | null;
  /** about how long the full form takes on two cores */
  minutes: number;
  /** programs of Debian that it stands beside: [a file that proves it is there, the package] */
  peers?: readonly (readonly [file: string, name: string])[];
  /** needs more than a machine: said where it is absent */
  needs?: 'HEADROOM_TEST_DATA' | 'build' | 'postgres';
  figures: readonly FigureOf[];
};

const HAPROXY = ['/usr/sbin/haproxy', 'haproxy'] as const;
const NGINX = ['/usr/sbin/nginx', 'nginx libnginx-mod-stream'] as const;
const MINE = 'sniproxy-server';

const proxyFigure = (name: string, row: string, unit: string, most: number): FigureOf => ({
  ...{ name: `proxy: ${name}`, unit, ours: [row, MINE], peers: { HAProxy: [row, 'HAProxy'] }, ratio: [row, 'ours : HAProxy'] },
  ...{ target: { of: 'ratio', most }, better: 'less' },
});
const besideFigures = (name: string, row: string, unit: string): FigureOf[] =>
  ['HAProxy', 'nginx stream', 'sniproxy'].map((peer) => ({
    ...{ name: `proxy: ${name}, beside ${peer}`, unit, ours: [row, MINE], peers: { [peer]: [row, peer] }, better: 'less' },
  }));
const judged = (column: string, peer: string, unit: string, better: 'less' | 'more'): FigureOf => ({
  ...{ name: `judgement: ${column}, beside ${peer}`, unit, ours: ['**Headroom**', column], peers: { [peer]: [peer, column] }, better },
});
const most = (name: string, unit: string, ours: readonly [string, string], limit: number): FigureOf => ({
  ...{ name, unit, ours, target: { of: 'ours', most: limit }, better: 'less' },
});

/** In the order in which they tell the most for their time. */
export const BENCHES: readonly Bench[] = [
  {
    ...{ name: 'proxy', mark: 'proxy', file: 'proxy.ts', args: [], minutes: 3, peers: [HAPROXY] },
    quick: ['--rounds', '2', '--secs', '0.5', '--held', '500,1000'],
    figures: [
      proxyFigure('CPU per connection', 'µs per connection', 'µs', 2),
      proxyFigure('CPU per GB down', 's per GB down', 's', 0.8),
      proxyFigure('CPU per GB up', 's per GB up', 's', 0.95),
      proxyFigure('p99 of the first byte', 'p99 first byte, ms', 'ms', 1.5),
      most('proxy: memory of a held tunnel', 'KiB', ['KiB per held tunnel, 4000 to 8000', MINE], 12),
      most('proxy: two workers beside one', '×', ['µs per connection, `workers` 1 and 2', 'ours : HAProxy'], 1.1),
      most('proxy: wrong or failed connections', '', ['wrong bytes or failed connections', MINE], 0),
    ],
  },
  {
    ...{ name: 'proxy-beside', mark: 'proxy-beside', file: 'proxy-beside.ts', args: [], minutes: 3 },
    ...{ quick: ['--rounds', '1', '--secs', '0.5'], peers: [HAPROXY, NGINX, ['/usr/sbin/sniproxy', 'sniproxy']] },
    figures: [
      ...besideFigures('CPU per connection', 'µs per connection', 'µs'),
      ...besideFigures('CPU per GB down', 's per GB down', 's'),
      ...besideFigures('p99 of the first byte', 'p99 first byte, ms', 'ms'),
      ...besideFigures('memory of a held tunnel', 'KiB per held tunnel', 'KiB'),
      most('proxy: connections that a reload under load cost', '', ['connections that failed over 10 reloads under load', MINE], 0),
    ],
  },
  {
    ...{ name: 'collect', mark: 'collect', file: 'collect.ts', args: [], minutes: 5, peers: [['/usr/bin/prometheus', 'prometheus']] },
    // only the whole writes its table
    quick: null,
    figures: [
      {
        ...{ name: 'collecting: CPU per scrape', unit: 'ms', ours: ['Collecting: CPU per scrape', 'measured'], better: 'less' },
        peers: { Prometheus: ['Prometheus beside it, the same pages', 'measured'] },
        ...{ ratio: ['Collecting: share of what Prometheus needs', 'measured'], target: { of: 'ratio', most: 1 } },
      },
      {
        ...{ name: 'collecting: memory with 30 hours of 1,000 nodes', unit: 'MB', better: 'less' },
        ours: ['Collecting: memory of the process (RSS), with 30 hours', 'measured'],
        ...{ peers: { Prometheus: ['Prometheus beside it: memory', 'measured'] }, target: { of: 'ours', most: 250 } },
      },
      most('collecting: disk per node and tick', 'bytes', ['SQLite: disk bytes per node and tick', 'measured'], 100),
    ],
  },
  {
    ...{ name: 'collect-peers', mark: 'collect-peers', file: 'collect-peers.ts', args: [], quick: ['200', '10'], minutes: 2 },
    ...{ peers: [['/usr/bin/victoria-metrics', 'victoria-metrics']] },
    figures: [
      {
        ...{ name: 'collecting: CPU per scrape, beside VictoriaMetrics', unit: 'ms', ours: ['Headroom', 'CPU per scrape'] },
        ...{ peers: { VictoriaMetrics: ['VictoriaMetrics', 'CPU per scrape'] }, better: 'less' },
      },
      {
        ...{ name: 'collecting: memory, beside VictoriaMetrics', unit: 'MB', ours: ['Headroom', 'memory (RSS)'] },
        ...{ peers: { VictoriaMetrics: ['VictoriaMetrics', 'memory (RSS)'] }, better: 'less' },
      },
    ],
  },
  {
    ...{ name: 'fan-out', mark: 'fan-out', file: 'fan-out.ts', args: ['--slow', '--write'], minutes: 4 },
    quick: ['--targets', '32', '--rounds', '1', '--write'],
    peers: [
      ['/usr/bin/clush', 'clustershell'],
      ['/usr/bin/parallel-ssh', 'pssh'],
      ['/usr/bin/ansible-playbook', 'ansible-core'],
    ],
    figures: (
      [
        ['clush', 1.1],
        ['parallel-ssh', 1.1],
        ['ansible-playbook', 0.125],
      ] as const
    ).map(([peer, limit]) => ({
      ...{ name: `fan-out: time, beside ${peer}`, unit: 's', ours: ['Headroom, its own node operations', 'median'], better: 'less' },
      ...{ peers: { [peer]: [peer, 'median'] }, ratio: [peer, 'Headroom takes × of it'], target: { of: 'ratio', most: limit } },
    })),
  },
  {
    ...{ name: 'judgement', mark: 'judgement', file: 'judgement.ts', args: ['--seeds', '9001,9002,9003,9004,9005', '--thin', '5'] },
    ...{ quick: ['--seeds', '21', '--thin', '20'], minutes: 6, needs: 'HEADROOM_TEST_DATA' },
    figures: [
      judged('right', 'theil-sen', '%', 'more'),
      judged('right', 'kube-prometheus', '%', 'more'),
      judged('recall', 'theil-sen', '%', 'more'),
      judged('false alarms a node-day', 'theil-sen', 'a node-day', 'less'),
      judged('delay, min', 'theil-sen', 'min', 'less'),
      most('judgement: leaks that were said to be fixed', '', ['**Headroom**', 'said fixed, was not'], 0),
    ],
  },
  {
    ...{ name: 'query', mark: 'query', file: 'query.ts', args: [], quick: [], minutes: 1 },
    figures: [
      most('query: 24 h of one node, six series', 'ms', ['24 h of one node, 17,280 points × 6 series, as differences', 'p50'], 50),
      most('query: fleet overview of 1,000 nodes', 'ms', ['Fleet overview: 1,000 nodes with sparklines', 'p50'], 100),
    ],
  },
  {
    ...{ name: 'rollout', mark: 'rollout', file: 'rollout.ts', args: ['--write'], quick: ['--nodes', '100', '--write'], minutes: 2 },
    figures: [
      most('rollout: CPU per step, 1,000 nodes', 'ms', ['1000', 'CPU per step, all in'], 5),
      most('rollout: the page of the run, p95', 'ms', ['1000', 'Its page, p95'], 100),
    ],
  },
  {
    ...{ name: 'scaling', mark: 'scaling', file: 'scaling.ts', args: [], quick: ['--quick'], minutes: 3 },
    figures: ['connections held', 'nodes collected', 'targets of a run', 'points of a query', 'inputs of the judgement'].map((what) =>
      most(`scaling: ${what}, exponent`, '', [what, 'exponent'], 1.1),
    ),
  },
  {
    ...{ name: 'proxy-life', mark: 'proxy-life', file: 'proxy-life.ts', args: ['4'], quick: ['1'], minutes: 2 },
    figures: (['SIGHUP, every fifth file wrong; workers: 2', 'restart on a socket that outlives it; workers: 2'] as const).map((row) =>
      most(`proxy: clients that failed, ${row}`, '', [row, 'clients that failed'], 0),
    ),
  },
  {
    ...{ name: 'quic', mark: 'quic', file: 'quic.ts', args: ['--rounds', '5', '--megabytes', '100', '--write'], minutes: 3 },
    ...{ quick: ['--rounds', '1', '--megabytes', '20', '--write'], peers: [NGINX, ['/usr/bin/gtlsclient', 'ngtcp2-client']] },
    figures: [
      {
        ...{ name: 'QUIC: CPU per GB', unit: 's', ours: ['through the proxy', 'CPU of the proxy per GB'], better: 'less' },
        peers: { nginx: ['through nginx stream', 'CPU of the proxy per GB'] },
      },
    ],
  },
  {
    ...{ name: 'xray', mark: 'xray', file: 'xray.ts', args: [], quick: ['dash'], minutes: 1 },
    figures: (['dash', 'bash', 'busybox'] as const).map((shell) =>
      most(`x-ray: 20,000 fds, ${shell}`, 'ms', [shell, 'wall, median of 3'], 2000),
    ),
  },
  {
    ...{ name: 'console-load', mark: 'console-load', file: 'console-load.ts', args: ['720'], quick: ['30'], minutes: 13, needs: 'build' },
    figures: [most('console: p95 with 200 browsers', 'ms', ['all requests', 'p95'], 100)],
  },
  {
    ...{ name: 'browser', mark: 'browser', file: 'browser.ts', args: ['--write'], quick: ['--minutes', '0.3', '--write'], minutes: 5 },
    ...{ needs: 'build', peers: [['/usr/bin/chromium', 'chromium']] },
    figures: [
      most('browser: script of the fleet page', 'kB', ['script until the fleet is shown', 'measured'], 200),
      most('browser: largest contentful paint', 'ms', ['largest contentful paint', 'measured'], 1500),
      most('browser: interaction to next paint', 'ms', ['interaction to next paint', 'measured'], 100),
    ],
  },
  {
    ...{ name: 'failover', mark: 'failover', file: 'failover.ts', args: ['5'], quick: null, minutes: 5, needs: 'postgres' },
    figures: [],
  },
  { ...{ name: 'sign-in', mark: 'sign-in', file: 'sign-in.ts', args: [], quick: [], minutes: 1 }, figures: [] },
  {
    ...{ name: 'proxy-tried', mark: 'proxy-tried', file: 'proxy-tried.ts', args: [], quick: ['--rounds', '1'], minutes: 4 },
    ...{ peers: [HAPROXY], figures: [] },
  },
];
