import type { ServerResponse } from 'node:http';

const iso = (epochMs: number) => new Date(epochMs).toISOString();

/** One of each that the lane above a chart can show. */
export function nodeEvents(url: URL, startedMs: number) {
  const at = (minutes: number) => iso(startedMs - minutes * 60_000);
  const point = (minutes: number) => ({ from: at(minutes), to: at(minutes) });
  const events = [
    { kind: 'config', ...point(52), before: 'a'.repeat(64), after: 'b'.repeat(64), runId: null },
    { kind: 'restart', ...point(25.5), livedSeconds: 9000, fdsBefore: 8191, fdsAfter: 62, runId: 'run-1188' },
    { kind: 'drill', from: at(25), to: null, drill: 'pool-leak' },
    { kind: 'incident', from: at(12), to: null, incidentId: 'i1', title: 'fd leak', severity: 'danger' },
  ];
  return { from: url.searchParams.get('from'), to: url.searchParams.get('to'), events, cut: false };
}

/** The documented fix was tried on edge-01, and did not help. */
export const notFixedRun = (startedMs: number) => ({
  id: 'r_1188',
  runbook: { key: 'fd-leak', version: 'abcdef012345', title: 'fd leak: restart and verify' },
  selector: 'name=edge-01',
  strategy: {},
  params: {},
  dryRun: false,
  status: 'failed',
  verdict: 'fail',
  summary: 'not fixed: 412 fds leaked per 1,000 connections before, 409 after',
  startedBy: 'sre-oncall',
  createdAt: iso(startedMs - 900_000),
  finishedAt: iso(startedMs - 600_000),
  targetCount: 1,
  targetNames: ['edge-01'],
});

/** One look: sockets whose peer has gone. */
export function fdLooks(nowMs: number) {
  const look = { id: 'x_1', at: iso(nowMs - 60_000), pid: 18_231, openFds: 1540 };
  const group = (kind: string, state: string | null, peer: string | null, count: number) => ({
    ...{ kind, state, local: null, peer, others: false, count, firstSeen: [] },
    examples: [12, 13, 17].map((fd) => ({ fd, local: '10.0.0.5:443', remote: '203.0.113.7:51234' })),
  });
  return {
    looks: [look],
    look: {
      ...{ ...look, by: 'sre-oncall', comm: 'sniproxy-server', processStart: iso(nowMs - 940_000), fdLimit: 8192, untracked: 0 },
      ...{ durationMs: 900, cpuMs: 120, command: 'ls -l /proc/18231/fd', sha256: 'c'.repeat(64) },
      groups: [
        group('client', 'CLOSE_WAIT', '203.0.113.7', 1296),
        group('upstream', 'ESTABLISHED', '10.0.1.9:443', 204),
        group('file', null, '/dev/null', 40),
      ],
    },
    comparison: null,
    findings: [
      {
        key: 'close-wait',
        tone: 'danger',
        title: 'CLOSE_WAIT',
        sentence: '1,296 client sockets: the peer has closed, the proxy has not',
        fds: 1296,
      },
    ],
  };
}

/** One leak announced, one false alarm after a restart. */
export function backtest(url: URL) {
  const [from, to] = ['from', 'to'].map((name) => Date.parse(url.searchParams.get(name) ?? '')) as [number, number];
  const at = (share: number) => iso(from + (to - from) * share);
  const rule = { key: url.searchParams.get('rule') ?? 'leaking', threshold: Number(url.searchParams.get('threshold') ?? 0) };
  const firing = (a: number, b: number, outcome: string, leadSeconds: number | null) => ({
    ...{ from: at(a), to: at(b), value: 96.4, openFds: 2533, fdLimit: 8192, outcome, leadSeconds },
  });
  const life = { from: at(0), to: at(0.7), processStart: null, truth: 'emfile', emfileAt: at(0.7), firedAt: at(0.2), leadSeconds: 43_200 };
  return {
    rule: { ...rule, windowMinutes: null, forSeconds: 0, clear: 0, clearForSeconds: 300 },
    ...{ from: at(0), to: at(1), cut: false },
    summary: {
      ...{
        nodes: 5,
        nodeDays: 5,
        firings: 2,
        right: 1,
        falseAlarms: 1,
        undecided: 0,
        falseAlarmsPerNodeDay: 0.2,
        emfiles: 1,
        emfilesWarned: 1,
      },
      ...{
        leaks: 1,
        leaksCaught: 1,
        medianLeadSeconds: 43_200,
        sentence: 'would have fired 2 times: 1 right, 1 false alarm; EMFILE announced 12 h before, 1 of 1',
      },
    },
    nodes: ['edge-01', 'edge-03'].map((name, i) => ({
      ...{ nodeId: `id-${name}`, name, watchedDays: 1, stepSeconds: 5 },
      firings: i === 0 ? [firing(0.2, 0.7, 'right', 43_200)] : [firing(0.72, 0.75, 'false-alarm', null)],
      lives: i === 0 ? [life] : [],
    })),
  };
}

/** Two lines a second after as many old ones as were asked for, 4 s apart. */
export function logStream(response: ServerResponse, name: string, lines: number) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  let count = 0;
  const line = (at: number) => {
    count++;
    const text =
      count % 9 === 4
        ? 'WARN accept: too many open files'
        : `INFO relay closed reason=${count % 4 ? 'client_eof' : 'idle'} bytes=${count}18231`;
    response.write(`data: ${new Date(at).toISOString().slice(0, 19)}+0000 ${name} sniproxy[18231]: ${text}\n\n`);
  };
  for (let i = lines; i > 0; i--) line(Date.now() - i * 4000);
  const timer = setInterval(() => line(Date.now()), 500);
  response.on('close', () => clearInterval(timer));
}
