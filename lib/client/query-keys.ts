/**
 * Every cache key of the browser, and what makes it stale. live.ts maps events to these; a write invalidates the keys named beside it.
 *
 * fleet            5 s, fleet.sample patches it; node added, edited, removed; host key pinned
 * node(id)         as fleet
 * metrics(id, …)   fleet.sample appends to it
 * fds(id, since)   a look taken
 * config(id)       a run that edits this node
 * run(id), runs    run.changed; start, pause, resume, abort, retry, gate
 * incidents        incident.changed, signal.changed; every act on one
 * audit            audit.appended
 */
export const queryKeys = {
  session: ['session'] as const,
  setup: ['setup'] as const,
  fleet: ['fleet'] as const,
  node: (id: string) => ['node', id] as const,
  metricsOf: (id: string) => ['metrics', id] as const,
  metrics: (id: string, range: string) => ['metrics', id, range] as const,
  eventsOf: (id: string) => ['events', id] as const,
  events: (id: string, range: string) => ['events', id, range] as const,
  compared: (id: string, range: string, step: number) => ['compared', id, range, step] as const,
  hostKey: (id: string) => ['host-key', id] as const,
  config: (id: string) => ['config', id] as const,
  /** below config(id) */
  configHistory: (id: string) => ['config', id, 'history'] as const,
  keptConfig: (id: string, run: string) => ['config', id, 'history', run] as const,
  fdsOf: (id: string) => ['fds', id] as const,
  fds: (id: string, since: string | null) => ['fds', id, since] as const,
  runs: ['runs'] as const,
  run: (id: string) => ['run', id] as const,
  /** below run(id): what makes the run stale makes its nodes stale */
  runTarget: (id: string, nodeId: string) => ['run', id, 'target', nodeId] as const,
  runbooks: ['runbooks'] as const,
  runbook: (key: string) => ['runbook', key] as const,
  runbookVersions: (key: string) => ['runbook', key, 'versions'] as const,
  changePreview: (selector: string, pool: unknown) => ['change-preview', selector, pool] as const,
  backtest: (query: unknown) => ['backtest', query] as const,
  /** one drill is below the list: what makes the list stale makes it stale */
  drills: ['drills'] as const,
  drill: (id: string) => ['drills', id] as const,
  report: (range: string) => ['report', range] as const,
  replay: (id: string) => ['replay', id] as const,
  tokens: ['tokens'] as const,
  account: ['account'] as const,
  sessions: ['sessions'] as const,
  signInMethods: ['sign-in-methods'] as const,
  users: ['users'] as const,
  sshKey: ['ssh-key'] as const,
  changeRules: ['change-rules'] as const,
  incidents: ['incidents'] as const,
  incidentList: (query: unknown) => ['incidents', query] as const,
  incident: (id: string) => ['incident', id] as const,
  /** below incident(id): asked of the nodes, so not with everything that changes it */
  buyOffers: (id: string, limit: number) => ['buy-offers', id, limit] as const,
  alerts: ['alerts'] as const,
  alertRules: ['alert-rules'] as const,
  channels: ['channels'] as const,
  deliveriesOf: ['deliveries'] as const,
  deliveries: (state: string | null) => ['deliveries', state] as const,
  silences: ['silences'] as const,
  audit: ['audit'] as const,
  auditPages: (query: unknown) => ['audit', 'pages', query] as const,
  auditState: ['audit-state'] as const,
  grants: ['grants'] as const,
};
