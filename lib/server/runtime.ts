import fs from 'node:fs';
import path from 'node:path';
import type { Actor } from '#shared/access.ts';
import { scrapeAddress } from '#shared/discovery.ts';
import type { FleetMember } from '#shared/nodes.ts';
import type { RunbookVersion } from '#shared/runbooks.ts';
import { type Access, createAccess, createScopes, type EventFilter, eventFilter, type Scope } from './access/index.ts';
import { type Audit, createAudit } from './audit/index.ts';
import { type Backtests, createBacktests } from './backtest/index.ts';
import { type Command, createCommand } from './command/index.ts';
import { type ConfigFiles, createConfigFiles } from './config/index.ts';
import { type Db, holdLock, openDatabase, withLock } from './db/index.ts';
import { createDrills, type Drills } from './drills/index.ts';
import { createEventHub, createSharedHub, type EventHub } from './events/index.ts';
import { createFleet, createNodeMarks, type Fleet } from './fleet/index.ts';
import { createHelp, type Help } from './help/index.ts';
import { createIncidents, type Incidents } from './incidents/index.ts';
import { type Clock, systemClock } from './kernel/clock.ts';
import { type Config, ConfigError } from './kernel/config.ts';
import type { Log } from './kernel/log.ts';
import { type MetricStore, openMetricStore, openPostgresStore, readFromPrometheus } from './metrics/index.ts';
import { createNodes, type Nodes } from './nodes/index.ts';
import { createNotify, type Notify } from './notify/index.ts';
import { assertRestored } from './operations/index.ts';
import { type Readiness, readReadiness } from './readiness.ts';
import { createReports, type Reports } from './reports/index.ts';
import { createRunbooks, createSaveRunbook, ownRunbooks, type Runbooks, removeRunbook, savedVersions } from './runbooks/index.ts';
import { createPgBossQueue, createRuns, type Runs, releasesIn } from './runs/index.ts';
import { createScraper, createSharedScraper, type Scraper } from './scrape/index.ts';
import { createSettings, openKeyring, type Settings } from './settings/index.ts';
import { createNodeOps, createSsh, type NodeOps, type Ssh } from './ssh/index.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { createWorkers, soleWorker, type Workers } from './workers/index.ts';
import { createXray, type Xray } from './xray/index.ts';

export type Runtime = {
  config: Config;
  log: Log;
  clock: Clock;
  db: Db;
  events: EventHub;
  audit: Audit;
  settings: Settings;
  access: Access;
  command: Command;
  /** what this actor may do to which node; `action`: what a refusal is called in the audit */
  scopeOf(actor: Actor, action: string): Scope<FleetMember>;
  eventsFor(actor: Actor): EventFilter;
  /** ids of the nodes that a run is about; none when there is no such run */
  runTargets(runId: string): Promise<string[]>;
  nodes: Nodes;
  ssh: Ssh;
  ops: NodeOps;
  configFiles: ConfigFiles;
  xray: Xray;
  metrics: MetricStore;
  scraper: Scraper;
  workers: Workers;
  runbooks: Runbooks;
  runbookVerbs: { save: ReturnType<typeof createSaveRunbook>; remove: typeof removeRunbook };
  runbookVersions(key: string): Promise<RunbookVersion[]>;
  notify: Notify;
  incidents: Incidents;
  runs: Runs;
  fleet: Fleet;
  backtests: Backtests;
  drills: Drills;
  reports: Reports;
  telemetry: Telemetry;
  help: Help;
  readiness(): Promise<Readiness>;
  /** /readyz says no from here on, so that nobody is sent here any more */
  announceStop(): void;
  /** `setupLink`: where the first admin is made; null when there is one */
  start(): Promise<{ setupLink: string | null }>;
  stop(): Promise<void>;
};

/** The whole console, put together: read it from top to bottom to see what depends on what. */
export async function createRuntime({ config, log }: { config: Config; log: Log }): Promise<Runtime> {
  fs.mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const file = (name: string) => path.join(config.dataDir, name);
  assertRestored(config.dataDir);
  const lock = holdLock(file('lock'));
  if (!lock)
    throw new ConfigError(`HEADROOM_DATA_DIR is ${JSON.stringify(config.dataDir)}: another console runs on it; stop that one first`);

  const clock = systemClock;
  const url = config.databaseUrl;
  const db = await openConsole({ url, file: file('headroom.db'), log });
  // With PostgreSQL there may be other processes; without it there is this one.
  const hub = url === null ? null : createSharedHub({ db, url, clock, log });
  const events = hub ?? createEventHub({ onError: (error) => log.error({ err: error }, 'a listener of the events failed') });
  const works = config.role !== 'web';
  const workers = hub ? createWorkers({ db, clock, log, works }) : soleWorker();
  const keyring = await openKeyring(db, config);
  if (keyring.waits) log.warn('HEADROOM_SECRET is not in use yet: `headroom rotate-secret` seals the secrets with it');
  const settings = createSettings({ db, keyring });
  const audit = createAudit({ db, sealed: settings.sealed });
  // of processes that start together one makes what all of them need
  await withLock(db, PREPARING, () => audit.prepare(clock.now()));
  const access = createAccess({ db, clock, settings, config, audit });
  const command = createCommand({ db, audit, events, clock, log });
  const nodes = createNodes({ db });
  const targetsOf = async (runId: string) => {
    const rows = await db.selectFrom('runTargets').select('nodeId').where('runId', '=', runId).execute();
    return rows.map(({ nodeId }) => nodeId);
  };
  const scopeOf = createScopes({ clock, nodes, targetsOf, record: audit.record });

  const identity = async () => (await settings.sshIdentity()).privateKey;
  const certificate = async () => readIfThere(file('ssh-certificate.pub'));
  const ssh = createSsh({ db, identity, clock, log, openssh: { dir: file('ssh'), certificate } });
  const ops = createNodeOps(ssh, clock);
  const metrics = await openMetrics({ config, log, nodes, file: file('metrics.db'), now: clock.now });
  const intervalMs = config.scrapeSeconds * 1000;
  const reads = { nodes, metrics, ssh, ops, clock, log, intervalMs };
  const scraper = hub ? createSharedScraper({ ...reads, db, workers, events: hub }) : createScraper({ ...reads, events });
  const runbooks = createRunbooks({ own: ownRunbooks({ db, folder: file('runbooks') }) });
  // Selectors of runs and previews ask for facts, and the fleet for both: the one place where modules know each other, tied here.
  const facts = (member: FleetMember) => fleet.facts(member);
  const matching = {
    get: nodes.get,
    match: (selector: string) => nodes.match(selector, facts),
    explain: (selector: string, only: (member: FleetMember) => boolean) => nodes.explain(selector, facts, only),
  };
  const configFiles = createConfigFiles({ db, ops, nodes: matching, clock });
  const xray = createXray({ db, ops, nodes, clock });
  const fleetNodes = async () => (await fleet.view()).nodes;
  const { sealed } = settings;
  const notify = createNotify({ db, sealed, events, clock, log, url: config.url, alone: config.databaseUrl === null });
  const onJobError = (error: unknown) => log.error({ err: error }, 'the jobs of the runs cannot be reached; trying on');
  const runs = createRuns({
    ...(url !== null && { queue: createPgBossQueue({ url, onError: onJobError }), engineId: workers.id }),
    ...{ db, command, nodes, runbooks, ops, configFiles, scraper, metrics, events, clock, log, facts, sealed, fleet: fleetNodes },
    messages: notify.messages,
    keepBeforeRestart: (nodeId) => incidents.keepBeforeRestart(nodeId),
    releases: releasesIn(file('releases')),
  });
  const marks = createNodeMarks({ db, clock, onError: (error) => log.error({ err: error }, 'what a node said could not be noted') });
  const fleet: Fleet = createFleet({
    ...{ nodes, scraper, metrics, ssh, configFiles, runs, marks, clock, fds: xray.last },
    incidents: { touching: (nodeId, fromMs, toMs) => incidents.touching(nodeId, fromMs, toMs) },
  });
  const incidents: Incidents = createIncidents({
    ...{ db, command, nodes, fleet, scraper, ops, events, clock, log, url: config.url },
    leads: workers.leads,
    rules: () => notify.rules(),
    noted: notify.noteIncident,
  });
  const reports = createReports({ db, metrics, fleet: fleetNodes, clock });
  const drills = createDrills({
    ...{ db, audit, events, ops, metrics, clock, log, leads: workers.leads, fleet: fleetNodes },
    nodes: { ...nodes, match: matching.match },
  });
  const backtests = createBacktests({ nodes, metrics, facts, clock });

  const noteConfig = (nodeId: string) => {
    // the process that read it says so
    if (!workers.owns(nodeId)) return;
    const { configSha256 } = scraper.health(nodeId);
    if (configSha256)
      configFiles.note(nodeId, configSha256).catch((error) => log.error({ err: error }, 'the config hash could not be noted'));
  };
  let tidying: NodeJS.Timeout | undefined;
  const telemetry = createTelemetry({ db, events, nodes, scraper, ssh, version: ownVersion() });
  const readRunbooks = () => {
    runbooks.refresh().catch((error) => log.error({ err: error }, 'the runbooks of the operators could not be read'));
  };
  const stopFollowing = events.subscribe((_id, event, about) => {
    if (event.type === 'fleet.sample') noteConfig(event.nodeId);
    if ((event.type === 'fleet.sample' || event.type === 'node.changed') && workers.owns(event.nodeId))
      marks.note(event.nodeId, scraper.health(event.nodeId));
    if (event.type === 'runbook.changed') readRunbooks();
    if (event.type === 'node.changed') {
      // a reading brings facts, and thousands of them may flap: those share a view
      if (!about.facts) fleet.renew();
      nodes.refresh().catch((error) => log.error({ err: error }, 'the registry could not be read'));
    }
  });

  let stopping = false;
  return {
    config,
    log,
    clock,
    db,
    events,
    audit,
    settings,
    access,
    command,
    scopeOf,
    runTargets: targetsOf,
    eventsFor: (actor) => eventFilter(actor, { nodes, targetsOf }),
    nodes,
    ssh,
    ops,
    configFiles,
    xray,
    metrics,
    scraper,
    workers,
    runbooks,
    runbookVerbs: { save: createSaveRunbook(runbooks), remove: removeRunbook },
    runbookVersions: (key) => savedVersions(db, key),
    notify,
    incidents,
    runs,
    fleet,
    backtests,
    drills,
    reports,
    telemetry,
    help: createHelp(),
    readiness: () => readReadiness({ db, dataDir: config.dataDir, workers: workers.alive, stopping: () => stopping }),
    announceStop: () => {
      stopping = true;
    },
    async start() {
      await hub?.start();
      await settings.sshIdentity();
      await nodes.refresh();
      await runbooks.refresh();
      const prepared = await withLock(db, PREPARING, async () => {
        if (hub) await runs.evidenceKey();
        return access.prepare();
      });
      await workers.start();
      scraper.start();
      await runs.start({ advances: works });
      if (hub) tidying = setInterval(() => workers.leads() && hub.trim().catch(onJobError), TIDY_EVERY_MS).unref();
      notify.start();
      if (works) incidents.start();
      drills.start();
      return prepared;
    },
    async stop() {
      stopFollowing();
      telemetry.stop();
      await drills.stop();
      await incidents.stop();
      await notify.stop();
      await runs.stop();
      await scraper.stop();
      await workers.stop();
      clearInterval(tidying);
      await hub?.stop();
      await ssh.close();
      await metrics.close();
      await db.destroy();
      lock.release();
    },
  };
}

/** Any number that nothing else locks in the database. */
const PREPARING = 4_021_970_002;
const TIDY_EVERY_MS = 60_000;

async function openConsole({ url, file, log }: { url: string | null; file: string; log: Log }): Promise<Db> {
  if (url === null) return openDatabase({ file });
  if (fs.existsSync(file)) log.warn({ file }, 'this file holds a console of before HEADROOM_DATABASE_URL was set; it is not read');
  return openDatabase({
    url,
    onError: (error) => log.warn({ err: error }, 'a connection to the database broke; another one is opened'),
  }).catch(noDatabase);
}

const ownVersion = (): string => JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

/** A certificate that an authority issued for the console's SSH key, put there by the operator. */
const readIfThere = (name: string): string | null => (fs.existsSync(name) ? fs.readFileSync(name, 'utf8') : null);

/** Samples go to a file of the data directory, or to PostgreSQL; with a Prometheus-compatible server beside it, history comes from there. */
async function openMetrics(deps: { config: Config; log: Log; nodes: Nodes; file: string; now: () => number }): Promise<MetricStore> {
  const { log, file, now } = deps;
  const { retention, databaseUrl, prometheusUrl } = deps.config;
  const options = { now, retention, onError: (words: string, error: unknown) => log.error({ err: error }, words) };
  const local = databaseUrl
    ? await openPostgresStore({ ...options, url: databaseUrl }).catch(noDatabase)
    : await openMetricStore({ ...options, file });
  if (!prometheusUrl) return local;
  const instanceOf = async (nodeId: string) => scrapeAddress(await deps.nodes.get(nodeId));
  return readFromPrometheus({ ...options, url: prometheusUrl, local, instanceOf });
}

function noDatabase(error: unknown): never {
  const why = error instanceof Error ? error.message || error.name : String(error);
  throw new ConfigError(`HEADROOM_DATABASE_URL: PostgreSQL could not be used (${why}); start it, or correct the URL`, { cause: error });
}
