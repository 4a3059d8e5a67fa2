import type { ColumnType, Generated } from 'kysely';
import type { AccountTable, PasskeysTable, SessionTable, UserTable, VerificationTable } from './schema-accounts.ts';

/**
 * Every table of the console's database, one type per table; a module adds its own here and its migration in migrations/.
 * JSON columns are text, times are integer epoch milliseconds (the sign-in library's tables: ISO text).
 */
export type Schema = {
  /** kind: config, first-config (what was there when it was first read), drill; `toMs` null while a drill goes on */
  nodeMarks: {
    id: Generated<number>;
    nodeId: string;
    kind: string;
    fromMs: number;
    toMs: number | null;
    value: string;
    earlier: string | null;
  };
  migrations: { name: string; appliedAt: number };
  /** on PostgreSQL only. `origin`: the process; `body`: JSON of the events that it told together */
  events: { id: Generated<number>; origin: string; at: number; body: string };
  /** on PostgreSQL only: the processes that read nodes and run runs; times of the database's clock */
  workers: { id: string; name: string; startedAt: number; seenAt: number; aliveUntil: number };
  /** on PostgreSQL only: which worker reads a node; good while that worker is alive */
  scrapeOwners: { nodeId: string; workerId: string };
  /** on PostgreSQL only. `health`: JSON of NodeHealth without its sample */
  nodeHealth: { nodeId: string; workerId: string; at: number; health: string };
  nodes: NodesTable;
  audit: AuditTable;
  secrets: { key: string; sealed: string; updatedAt: number };
  /** ids of the keys that sealed them; the one in use has no `retiredAt` */
  secretKeys: { keyId: string; since: number; retiredAt: number | null };
  settings: { key: string; value: string; updatedAt: number };
  tokens: TokensTable;
  /** more of what a person holds, beside `user.role` on `user.selector` */
  grants: { id: string; userId: string; role: string; selector: string | null; createdAt: number };
  idempotency: IdempotencyTable;
  signInFailures: { key: string; count: number; lastAt: number; lockedUntil: number };
  user: UserTable;
  totp: {
    userId: string;
    confirmedAt: number | null /** the last step of 30 s whose code was taken: none is good twice */;
    lastStep: number;
  };
  recoveryCodes: { sha256: string; userId: string; usedAt: number | null };
  passkeys: PasskeysTable;
  /** kind: invite, password, second-factor */
  accountLinks: { sha256: string; kind: string; userId: string; createdBy: string; createdAt: number; expiresAt: number };
  /** what a sign-in that goes on left behind; kind: factor, passkey, new-passkey, oidc; `value`: JSON */
  challenges: { sha256: string; kind: string; userId: string | null; value: string; expiresAt: number };
  session: SessionTable;
  account: AccountTable;
  verification: VerificationTable;
  hostKeys: HostKeysTable;
  agreedConfigs: { nodeId: string; sha256: string; agreedAt: number };
  runs: RunsTable;
  runTargets: RunTargetsTable;
  runSteps: RunStepsTable;
  runEvidence: RunEvidenceTable;
  changeRules: ChangeRulesTable;
  /** `text` null: taken away */
  runbookVersions: { seq: Generated<number>; key: string; version: string; text: string | null; savedBy: string; savedAt: number };
  incidents: IncidentsTable;
  incidentNodes: { incidentId: string; nodeId: string; name: string; addedAt: number };
  signals: SignalsTable;
  incidentEntries: IncidentEntriesTable;
  captures: CapturesTable;
  boughtTime: BoughtTimeTable;
  /** `target`: JSON of channelTargetSchema, `route`: of channelRouteSchema; the secret is in `secrets` as `channel:<id>` */
  channels: {
    id: string;
    name: string;
    kind: string;
    target: string;
    route: string;
    enabled: number;
    allowPrivate: number;
    version: number;
    createdBy: string;
    createdAt: number;
  };
  alerts: AlertsTable;
  deliveries: DeliveriesTable;
  silences: SilencesTable;
  /** `thresholds`: JSON */
  alertRules: { rule: string; mode: string; thresholds: string; version: number; updatedBy: string; updatedAt: number };
  drills: DrillsTable;
  /** one changing run per node at a time */
  runLocks: { nodeId: string; runId: string };
  /** `look`: JSON of fdLookSchema; `seen`: which look saw each socket first, of the newest look only */
  xrayLooks: { id: string; nodeId: string; at: number; look: string; seen: string };
};

/** may be left out when a row is written */
type Defaulted<T> = ColumnType<T, T | undefined>;

/** `change`: counts what receivers are told; `life`: the change with which it began to fire last; `silencedBy`: JSON of silence ids. */
type AlertsTable = {
  key: string;
  kind: string;
  state: string;
  severity: string;
  title: string;
  text: string;
  link: string;
  /** JSON of alertSignalSchema */
  signals: string;
  startsAt: number;
  endsAt: number | null;
  by: string | null;
  change: number;
  life: number;
  silencedBy: string;
  updatedAt: number;
};

/** The outbox. `payload`: JSON of what is told; `since`: when its first attempt of this round was due. */
type DeliveriesTable = {
  id: string;
  channelId: string;
  alertKey: string;
  change: number;
  event: string;
  payload: string;
  state: string;
  attempts: number;
  since: number;
  nextAt: number;
  /** whoever sends it has until then; 0: nobody does */
  leaseUntil: number;
  createdAt: number;
  finishedAt: number | null;
  answer: string | null;
};

type SilencesTable = {
  id: string;
  selector: string;
  /** JSON of matcherSchema */
  matchers: string;
  reason: string;
  startsAt: number;
  endsAt: number;
  createdBy: string;
  createdAt: number;
  updatedAt: number;
  endedBy: string | null;
  runId: string | null;
  nodeId: string | null;
};

/** `secret`: JSON of what is hidden until the end; `inPlay`, `hints`, `answer`, `score`: JSON. */
type DrillsTable = {
  id: string;
  status: string;
  secret: string;
  inPlay: string;
  minutes: number;
  startedBy: string;
  createdAt: number;
  startedAt: number | null;
  endsAt: number | null;
  endedAt: number | null;
  ended: string | null;
  why: string | null;
  detectedAt: number | null;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
  hints: string;
  answer: string | null;
  score: string | null;
};

type NodesTable = {
  id: string;
  name: string;
  host: string;
  sshPort: number;
  user: string;
  unit: string;
  configPath: string;
  /** JSON of nodeMetricsSchema */
  metrics: string;
  /** JSON of labelsSchema */
  labels: string;
  transport: Defaulted<'ssh2' | 'openssh'>;
  proxyJump: Defaulted<string | null>;
  /** `SHA256:…` of the jump host */
  proxyJumpKey: Defaulted<string | null>;
  version: number;
  createdAt: number;
};

/** Append-only: triggers refuse UPDATE and DELETE. `hash` covers every other column and `prev`, the hash of the row before. */
type AuditTable = {
  seq: Generated<number>;
  at: number;
  actorKind: string;
  actorId: string;
  actorName: string;
  action: string;
  object: string;
  result: 'ok' | 'refused' | 'failed';
  /** JSON, without secrets */
  before: string | null;
  after: string | null;
  prev: string;
  hash: string;
};

type TokensTable = {
  id: string;
  name: string;
  role: string;
  /** hex sha256 of the whole token; the token itself is shown once and kept nowhere */
  sha256: string;
  /** the first characters, to recognise it by */
  prefix: string;
  createdAt: number;
  expiresAt: number;
  lastUsedAt: number | null;
  /** where its role holds; null is everywhere */
  selector: Defaulted<string | null>;
  /** the person beyond whose own grants it never goes; null: nobody's */
  makerId: Defaulted<string | null>;
};

type IdempotencyTable = {
  actorId: string;
  key: string;
  /** of the verb's name and its input */
  sha256: string;
  /** JSON of the answer; null when the answer held a secret */
  answer: string | null;
  at: number;
};

type HostKeysTable = {
  nodeId: string;
  /** `SHA256:…` of the key that a person approved; null until then */
  pinned: string | null;
  /** base64 of the pinned key; null until it was seen */
  pinnedKey: Defaulted<string | null>;
  pinnedAt: number | null;
  pinnedBy: string | null;
  reason: string | null;
  /** what the node offered last, when it was not the pinned key */
  offered: string | null;
  offeredKey: Defaulted<string | null>;
  offeredAt: number | null;
  blocked: number;
};

type RunsTable = {
  id: string;
  runbookKey: string;
  runbookVersion: string;
  runbookTitle: string;
  /** the exact text that this run runs */
  runbookText: string;
  selector: string;
  /** JSON of strategySchema */
  strategy: string;
  /** JSON */
  params: string;
  dryRun: number;
  mutates: number;
  status: string;
  verdict: string | null;
  summary: string;
  startedBy: string;
  createdAt: number;
  finishedAt: number | null;
  /** what a person asked last, or the strategy: 'pause' | 'abort' */
  control: string | null;
  controlBy: string | null;
  /** failed targets that somebody went on in spite of */
  acceptedFailures: number;
  /** who started it, by id: a second person must be another one */
  startedById: Generated<string>;
  /** until when a second person may agree; null when none is needed */
  approveBy: number | null;
  approvedBy: string | null;
  approvedAt: number | null;
  /** why freezes and windows do not hold it */
  override: string | null;
  /** the engine that works on it, and until when others leave it alone */
  leaseOwner: string | null;
  leaseUntil: number | null;
};

/** JSON of changeRuleInputSchema in `rule`. */
type ChangeRulesTable = { id: string; rule: string; createdBy: string; createdAt: number };

type RunTargetsTable = {
  runId: string;
  nodeId: string;
  name: string;
  position: number;
  batch: number;
  /** counts from 1; a retry is the next one */
  attempt: number;
  status: string;
  verdict: string | null;
  summary: string;
  /** JSON of judgementSchema */
  judgement: string | null;
  wayBack: string;
  revertAt: number | null;
  grantedAt: number | null;
  edit: string;
  restart: string;
  /** why the node is being put back */
  undo: string | null;
  /** JSON: what later steps need of earlier ones */
  memo: string;
  startedAt: number | null;
  finishedAt: number | null;
};

type RunStepsTable = {
  runId: string;
  nodeId: string;
  key: string;
  position: number;
  kind: string;
  title: string;
  status: string;
  verdict: string | null;
  summary: string;
  startedAt: number | null;
  finishedAt: number | null;
  /** the last 4 KiB */
  output: string;
  /** JSON of gateStateSchema */
  gate: string | null;
  /** inconclusive, and somebody said to go on */
  accepted: number;
  /** who said that it is done by hand */
  byHand: Defaulted<string | null>;
};

type RunEvidenceTable = {
  seq: Generated<number>;
  id: string;
  runId: string;
  nodeId: string;
  step: string;
  attempt: number;
  at: number;
  title: string;
  command: string | null;
  exitCode: number | null;
  raw: string;
  sha256: string;
  value: string | null;
  threshold: string | null;
  verdict: string | null;
};

type IncidentsTable = {
  id: string;
  number: number;
  title: string;
  /** who wrote it; null: it follows the signals, as the severity does without `severityBy` */
  titledBy: string | null;
  cause: string;
  status: string;
  severity: string;
  severityBy: string | null;
  owner: string | null;
  declaredBy: string;
  openedAt: number;
  acknowledgedBy: string | null;
  acknowledgedAt: number | null;
  closedAt: number | null;
  closedBy: string | null;
  closedReason: string | null;
  reopened: number;
  mergedInto: string | null;
  updatedAt: number;
};

/** Never more than one of a rule on a node without `until`. Nodes that were removed keep theirs. */
type SignalsTable = {
  id: string;
  rule: string;
  nodeId: string;
  nodeName: string;
  severity: string;
  since: number;
  until: number | null;
  summary: string;
  value: number | null;
  threshold: number | null;
  /** why it ended, in words */
  ended: string | null;
  incidentId: string | null;
  /** JSON: { at, facts: [{ label, value }], raw } */
  evidence: string;
  updatedAt: number;
};

type IncidentEntriesTable = {
  /** in the order in which they were written */
  seq: Generated<number>;
  id: string;
  incidentId: string;
  /** what it tells of: one entry an incident, however often it is told */
  key: string;
  at: number;
  kind: string;
  tone: string;
  nodeId: string | null;
  nodeName: string | null;
  text: string;
  actor: string | null;
  runId: string | null;
  captureId: string | null;
};

type CapturesTable = {
  id: string;
  nodeId: string;
  nodeName: string;
  incidentId: string | null;
  at: number;
  actor: string;
  processStart: number | null;
  openFds: number | null;
  /** JSON: [{ name, bytes, sha256, missing }] */
  parts: string;
  /** the whole file, JSON */
  bundle: string;
  bytes: number;
  sha256: string;
};

type BoughtTimeTable = {
  id: string;
  nodeId: string;
  nodeName: string;
  incidentId: string | null;
  runId: string;
  at: number;
  limitBefore: number;
  limitAfter: number;
  perMinute: number | null;
  expiresAt: number | null;
  processStart: number | null;
  endedAt: number | null;
};
