import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRunbooks } from '#server/runbooks/index.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { ERROR_CODES } from '#shared/errors.ts';
import type { FleetNode } from '#shared/nodes.ts';
import type { Run } from '#shared/runs.ts';
import { mockAccounts } from './mock-accounts.ts';
import { bigFleet, demoFleet, fleetNode, nodeMetrics, type Story, thousandFleet } from './mock-fleet.ts';
import { mockIncident, mockIncidents, mockOffers } from './mock-incidents.ts';
import { notifyAnswer } from './mock-notify.ts';
import { configHistory, keptConfig } from './mock-runs.ts';
import { backtest, fdLooks, logStream, nodeEvents, notFixedRun } from './mock-stories.ts';

/**
 * The API's shapes with made-up numbers, to look at pages without nodes:
 *   node test/support/mock-api.ts 3401
 * GET /__mode/<mode> switches what is answered: big, thousand, demo, not-fixed, no-admin, empty, slow (never), error, forbidden, signed-out, stale (the clock stops), viewer.
 */
type Mode =
  | 'big'
  | 'thousand'
  | 'demo'
  | 'not-fixed'
  | 'no-admin'
  | 'empty'
  | 'slow'
  | 'error'
  | 'forbidden'
  | 'signed-out'
  | 'stale'
  | 'viewer';

export function createMockApi({ clock = Date.now, run = null }: { clock?: () => number; run?: Run | null } = {}) {
  const startedMs = clock();
  let mode: Mode = 'big';
  let frozenMs = startedMs;
  const stories: Record<'big' | 'thousand' | 'demo', Story[]> = { big: bigFleet(), thousand: thousandFleet(), demo: demoFleet() };
  const tokens = [
    {
      id: 't1',
      name: 'ci',
      role: 'operator',
      createdAt: iso(startedMs - 9e8),
      expiresAt: iso(startedMs + 6e9),
      lastUsedAt: iso(startedMs - 40_000),
      prefix: 'hr_k3Vd',
    },
  ];
  const now = () => (mode === 'stale' ? frozenMs : clock());
  const runbooks = createRunbooks();
  const fleet = (): Story[] => {
    if (mode === 'empty') return [];
    if (mode === 'thousand') return stories.thousand;
    return ['demo', 'not-fixed', 'no-admin'].includes(mode) ? stories.demo : stories.big;
  };
  const story = (id: string) => fleet().find(({ name }) => `id-${name}` === id);

  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    // pages tell the console's time by it
    response.setHeader('date', new Date(clock()).toUTCString());
    const setMode = /^\/__mode\/([\w-]+)$/.exec(url.pathname);
    if (setMode) {
      mode = setMode[1] as Mode;
      frozenMs = clock();
      return send(response, 200, { mode });
    }
    const path = url.pathname.replace('/api/v1/', '');
    if (path === 'events')
      return stream(request, response, clock, () => (mode === 'stale' ? [] : fleet().map((one) => fleetNode(one, startedMs, clock()))));
    if (mode === 'slow' && path !== 'session') return;
    if (mode === 'signed-out') return problem(response, 'auth.required', 'There is no session. Sign in.');
    if (mode === 'forbidden' && path !== 'session')
      return problem(response, 'auth.forbidden', 'Your role viewer may not read the fleet. An admin can give you the role operator.');
    if (mode === 'error' && path !== 'session')
      return problem(response, 'server.internal', 'Something went wrong in the console; its log has the cause under request 7f3a91.');

    const [noun = '', id = '', part = ''] = path.split('/').map(decodeURIComponent);
    const one = story(id);
    if (noun === 'session')
      return send(response, 200, {
        actor: { kind: 'user', id: 'u1', name: 'sre-oncall', role: mode === 'viewer' ? 'viewer' : 'admin' },
        demo: mode === 'demo',
      });
    if (noun === 'fleet') return send(response, 200, { asOf: iso(now()), nodes: fleet().map((each) => fleetNode(each, startedMs, now())) });
    const told = request.method === 'GET' ? notifyAnswer(noun, now(), mode === 'empty') : null;
    if (told) return send(response, 200, told);
    if (noun === 'change-rules') return send(response, 200, { rules: mode === 'empty' ? [] : changeRules(startedMs) });
    if (noun === 'ssh-key')
      return send(response, 200, { publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0exampleexampleexampleexampleexampleex headroom' });
    const own = mockAccounts(startedMs)[path];
    if (own) return send(response, 200, own);
    if (noun === 'tokens')
      return request.method === 'POST'
        ? send(response, 201, { ...tokens[0], id: 't2', name: 'new', token: 'hr_k3VdQ8exampleexampleexampleexample' })
        : send(response, 200, { tokens });
    if (noun === 'audit' && id === 'verify')
      return send(response, 200, { rows: 40, head: `40:${'5b'.repeat(32)}`, brokenAt: null, problem: null });
    if (noun === 'grants') return send(response, 200, { grants: GRANTS });
    if (noun === 'audit')
      return send(response, 200, {
        entries: AUDIT.map((entry, i) => ({ ...entry, seq: 40 - i, at: iso(startedMs - i * 777_000) })),
        next: null,
      });
    const nodesNow = () => fleet().map((each) => fleetNode(each, startedMs, now()));
    if (noun === 'incidents' && part === 'buy-time' && request.method === 'GET')
      return send(response, 200, mockOffers(nodesNow(), Number(url.searchParams.get('limit'))));
    if (noun === 'incidents')
      return send(
        response,
        200,
        id === '' ? mockIncidents(nodesNow(), now(), url.searchParams.get('status')) : mockIncident(nodesNow(), now()),
      );
    if (noun === 'backtest') return send(response, 200, backtest(url));
    if (noun === 'runbooks') {
      const found = runbooks.list().find(({ key }) => key === id);
      if (found) return send(response, 200, part === 'versions' ? { versions: [] } : found);
      const heads = runbooks.list().map(({ text: _text, steps, ...head }) => ({ ...head, stepCount: steps.length }));
      return id === ''
        ? send(response, 200, { runbooks: heads, problems: [] })
        : problem(response, 'request.not-found', `There is no ${path}.`);
    }
    if (noun === 'runs' && run?.id === id) return send(response, 200, run);
    if (noun === 'runs') return send(response, 200, { runs: mode === 'not-fixed' ? [notFixedRun(startedMs)] : [] });
    if (noun === 'setup' && request.method === 'GET') return send(response, 200, { open: mode === 'no-admin' });
    if (noun === 'nodes' && request.method === 'POST' && id === '')
      return send(response, 201, { id: 'id-edge-fra-03', name: 'edge-fra-03' });
    if (noun === 'nodes' && one) return node(response, one, part, url);
    if (noun === 'nodes') return problem(response, 'node.not-found', `There is no node ${id}.`);
    if (noun === 'auth' || noun === 'setup') return problem(response, 'auth.invalid-credentials', 'E-mail or password is wrong.');
    return problem(response, 'request.not-found', `There is no ${path}.`);
  });

  function node(response: ServerResponse, one: Story, part: string, url: URL) {
    if (/\/config\/history\/./.test(url.pathname)) return send(response, 200, keptConfig(CONFIG));
    if (url.pathname.endsWith('/config/history')) return send(response, 200, configHistory(startedMs));
    const view = fleetNode(one, startedMs, now());
    if (part === 'metrics') {
      const at = (name: string) => Date.parse(url.searchParams.get(name) ?? '');
      return send(
        response,
        200,
        nodeMetrics(one, startedMs, { fromMs: at('from'), toMs: at('to'), step: Number(url.searchParams.get('step')) }, clock()),
      );
    }
    if (part === 'events') return send(response, 200, nodeEvents(url, startedMs));
    if (part === 'fds') return send(response, 200, fdLooks(now()));
    if (part === 'config')
      return send(response, 200, {
        path: '/etc/sniproxy/config.yaml',
        text: CONFIG,
        sha256: view.configSha256,
        poolEnabled: true,
        drift: view.drift,
        findings: FINDINGS,
      });
    if (part === 'logs' && url.searchParams.get('follow') === '1')
      return logStream(response, one.name, Number(url.searchParams.get('lines')));
    if (part === 'logs')
      return send(response, 200, {
        lines: Array.from(
          { length: 60 },
          (_, i) =>
            `${iso(now() - (60 - i) * 4000)} ${one.name} sniproxy[18231]: ${i % 9 === 4 ? 'WARN accept: too many open files' : 'INFO relay closed reason=client_eof bytes=18231'}`,
        ),
      });
    if (part === 'check') return send(response, 200, CHECK);
    if (part === 'host-key')
      return send(response, 200, {
        pinned: one.name.endsWith('-31') ? (view.hostKey.fingerprint ?? null) : null,
        offered: 'SHA256:Wb6N0uHfT2eXo9ScLr4yVj1kQaPzM8dGi7mRt5wKxYs',
        blocked: view.hostKey.blocked,
      });
    const member = {
      name: one.name,
      host: `${one.name}.example.com`,
      sshPort: 22,
      user: 'sre',
      unit: 'sniproxy',
      configPath: '/etc/sniproxy/config.yaml',
      metrics: { via: 'ssh', url: 'http://127.0.0.1:9090/metrics' },
      labels: one.labels,
    };
    return send(response, 200, { node: view, member: { ...member, id: view.id, version: 3, createdAt: iso(startedMs - 8e9) } });
  }
}

function stream(request: IncomingMessage, response: ServerResponse, clock: () => number, nodes: () => FleetNode[]) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  response.write(': open\n\n');
  let id = 0;
  const timer = setInterval(() => {
    for (const {
      id: nodeId,
      openFds,
      fdLimit,
      explainedFds,
      unexplainedFds,
      connectionsActive,
      acceptedPerSecond,
      processStart,
    } of nodes()) {
      const values = { openFds, fdLimit, explainedFds, unexplainedFds, connectionsActive, acceptedPerSecond };
      const event = { type: 'fleet.sample', nodeId, at: clock(), values, processStart: processStart ? Date.parse(processStart) : null };
      if (openFds !== null) response.write(`id: ${id++}\nevent: fleet.sample\ndata: ${JSON.stringify(event)}\n\n`);
    }
  }, 2000);
  request.on('close', () => clearInterval(timer));
}

function problem(response: ServerResponse, code: ErrorCode, detail: string) {
  const { status, title } = ERROR_CODES[code];
  send(response, status, { type: `urn:headroom:${code}`, title, status, code, detail }, 'application/problem+json');
}

function send(response: ServerResponse, status: number, body: unknown, type = 'application/json') {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

const iso = (epochMs: number) => new Date(epochMs).toISOString();

const CONFIG = `# edge proxies, fra
listen_addrs:
  - "0.0.0.0:443"

timeouts:
  connect: 10
  idle: 300

connection_pool:
  enabled: true        # turned on in the spring rollout
  max_per_host: 1000
  connection_ttl: 60
`;
const FINDINGS = [
  { severity: 'warning', message: 'Connection pooling enabled - only use for forward proxy scenarios!', line: 10, column: 3 },
  { severity: 'warning', message: 'For transparent proxy (SNI-based routing), disable pooling to avoid leaks', line: 10, column: 3 },
];
const CHECK = {
  ok: false,
  checks: [
    { key: 'tcp', title: 'SSH port answers', status: 'pass', detail: 'edge-fra-03.example.com:22 answered in 18 ms', fix: null },
    {
      key: 'host-key',
      title: 'Host key',
      status: 'fail',
      detail: 'The host offers SHA256:Wb6N0uHfT2eXo9ScLr4yVj1kQaPzM8dGi7mRt5wKxYs; it is not approved yet.',
      fix: "Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host's own console, then approve it.",
    },
    { key: 'auth', title: 'Our key is accepted', status: 'skipped', detail: 'Not tried before the host key is approved.', fix: null },
  ],
};
const GRANTS = [
  { id: 'base-u1', userId: 'u1', user: 'sre-oncall', email: 'oncall@example.com', role: 'admin', selector: null, base: true },
  { id: 'base-u2', userId: 'u2', user: 'Mira Okafor', email: 'mira@example.com', role: 'viewer', selector: null, base: true },
  { id: 'g1', userId: 'u2', user: 'Mira Okafor', email: 'mira@example.com', role: 'operator', selector: 'group=edge', base: false },
];

const AUDIT = ['node.add', 'run.start', 'run.gate', 'token.create', 'host-key.pin', 'run.abort'].map((action, i) => ({
  actor: { kind: 'user', id: 'u1', name: i % 2 ? 'sre-oncall' : 'headroom' },
  action,
  object: `edge-fra-0${i + 1}`,
  before: i === 1 ? { status: 'running', control: null } : null,
  after: i === 0 ? { name: 'edge-fra-01' } : i === 1 ? { status: 'paused', control: 'pause' } : null,
  result: i === 5 ? 'refused' : 'ok',
  prev: '0'.repeat(64),
  hash: `${i}f27c4e1b0a2d3c4`.padEnd(64, '0'),
}));

if (import.meta.main) createMockApi().listen(Number(process.argv[2] ?? 3401), '127.0.0.1');

function changeRules(nowMs: number) {
  const about = { createdBy: 'ana', createdAt: iso(nowMs - 9e8) };
  return [
    { ...about, id: 'cr_1', kind: 'freeze', selector: '*', reason: 'Black Friday', from: iso(nowMs - 3.6e6), to: iso(nowMs + 2.6e8) },
    {
      ...about,
      id: 'cr_2',
      kind: 'window',
      selector: 'group=edge',
      reason: 'edge nights',
      days: ['mon', 'tue'],
      from: '22:00',
      to: '04:00',
      timeZone: 'UTC',
    },
    { ...about, id: 'cr_3', kind: 'approval', selector: '!canary', reason: 'production' },
  ];
}
