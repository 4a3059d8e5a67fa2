import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '#server/kernel/clock.ts';
import { isDenied } from '#server/kernel/denied-address.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { NodeOps, Probe, Ssh } from '#server/ssh/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { type Dial, deniedWords, openerTo, type Resolve } from './dial.ts';
import type { Exposition } from './exposition.ts';
import { ScrapeFailure } from './failure.ts';
import type { PageView, SshView } from './health.ts';
import { Line } from './line.ts';
import { jittered, PROBE_MS, pageDelay, probeDelay } from './pace.ts';
import { type PageRequest, readMetricsPage, readReadiness } from './page.ts';
import { isForwardingRefused, readPageByCommand } from './page-by-command.ts';
import { plausibleStart } from './plausible.ts';
import { sameProcessStart, sampleOfPage, sampleOfProbe } from './sample.ts';
import { createWake, type Wake } from './wake.ts';

const MAX_DEADLINE_MS = 5000;
const PROBE_DEADLINE_MS = 8000;
const READY_EVERY_MS = 15_000;
/** A page this much older than the fd count beside it is not of the same moment. */
const SAME_MOMENT_MS = 10_000;
const SHORTEST_SLEEP_MS = 100;
/** A server that forwards nothing is tried again after this long; until then pages come by command, as often as probes. */
const FORWARDING_AGAIN_MS = 10 * 60_000;

const DOUBTFUL: ReadonlySet<string> = new Set(['ssh.timeout', 'ssh.unreachable']);

export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;
export type WatchDeps = {
  member: FleetMember;
  intervalMs: number;
  /** how metrics ports are reached directly; the system's way unless said */
  dialer?: { resolve?: Resolve; dial?: Dial };
  ssh: Pick<Ssh, 'openTcp' | 'exec'>;
  ops: Pick<NodeOps, 'probe'>;
  clock: Clock;
  limitPages: Limiter;
  limitProbes: Limiter;
  lastSample: Sample | null;
  onSample(sample: Sample): void;
  /** called after each reading: what `view` shows may have changed */
  onReading(): void;
};

/** What a node says of itself besides its numbers. */
export type NodeFacts = {
  poolEnabled: boolean | null;
  fileSha256: string | null;
  loadedSha256: string | null;
  drill: string | null;
  version: string | null;
};
const NO_FACTS: NodeFacts = { poolEnabled: null, fileSha256: null, loadedSha256: null, drill: null, version: null };

/**
 * Two loops for one node: its metrics page every interval, a probe over SSH every 15 s. Each reading of the page is one sample; where the
 * page is silent or exports no fds, each probe is one.
 */
export class NodeWatch {
  readonly #deps: WatchDeps;
  readonly #request: PageRequest | null;
  readonly #stopping = new AbortController();
  readonly #pageWake: Wake;
  readonly #probeWake: Wake;
  #loops: Promise<void>[] = [];
  #page: PageView = null;
  #ssh: SshView = null;
  #facts = NO_FACTS;
  #lastSample: Sample | null;
  #lastPage: { at: number; exposition: Exposition } | null = null;
  #lastProbe: Probe | null = null;
  #pageFailures = 0;
  #doubted = false;
  #readyAt = Number.NEGATIVE_INFINITY;
  #focusedUntil = 0;
  #byCommandUntil = 0;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    this.#lastSample = deps.lastSample;
    this.#pageWake = createWake();
    this.#probeWake = createWake();
    const { metrics } = deps.member;
    const deadlineMs = Math.min(deps.intervalMs, MAX_DEADLINE_MS);
    const url = metrics.via === 'none' ? null : new URL(metrics.url);
    const open = url && (metrics.via === 'ssh' ? channelTo(url, deps, deadlineMs) : openerTo(url, deps.dialer));
    this.#request = url && open && { line: new Line(url.host, open), url, deadlineMs };
  }

  start(firstDelayMs: number): void {
    const { limitPages, limitProbes, intervalMs } = this.#deps;
    const request = this.#request;
    if (request) {
      const delay = () => {
        const cause = this.#page?.ok === false ? this.#page.cause : null;
        return pageDelay({
          intervalMs: this.#byCommand() ? Math.max(intervalMs, PROBE_MS) : intervalMs,
          failures: this.#pageFailures,
          cause,
          focused: this.#focused(),
        });
      };
      this.#loops.push(this.#loop(() => this.#readPage(request), this.#pageWake, limitPages, delay, firstDelayMs));
    }
    const delay = () => {
      const code = this.#ssh?.ok === false ? this.#ssh.code : null;
      const counting = this.#page?.ok !== true || this.#lastPage?.exposition.openFds === null;
      return probeDelay({ code, doubted: this.#doubted, focused: counting && this.#focused() });
    };
    this.#loops.push(this.#loop(() => this.#probe(), this.#probeWake, limitProbes, delay, firstDelayMs));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pageWake.stop();
    this.#probeWake.stop();
    this.#request?.line.close();
    await Promise.all(this.#loops);
  }

  /** Asks now, and as if nothing had failed before. */
  nudge(): void {
    this.#pageFailures = 0;
    this.#pageWake.now();
    this.#probeWake.now();
  }

  focus(untilMs: number): void {
    const begins = !this.#focused() && untilMs > this.#deps.clock.now();
    this.#focusedUntil = Math.max(this.#focusedUntil, untilMs);
    if (begins) this.#pageWake.now();
  }

  view() {
    return { member: this.#deps.member, page: this.#page, ssh: this.#ssh, facts: this.#facts, lastSample: this.#lastSample };
  }

  #focused = () => this.#focusedUntil > this.#deps.clock.now();

  async #loop(work: () => Promise<void>, wake: Wake, limit: Limiter, delayMs: () => number, firstDelayMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await wake.sleep(firstDelayMs);
    while (!signal.aborted) {
      // not by the clock of the day: it may be set while a page is read
      const startedAt = performance.now();
      await limit(async () => (signal.aborted ? undefined : work()));
      if (signal.aborted) return;
      this.#deps.onReading();
      await wake.sleep(Math.max(SHORTEST_SLEEP_MS, startedAt + jittered(delayMs()) - performance.now()));
    }
  }

  async #readPage(request: PageRequest): Promise<void> {
    const before = this.#page;
    try {
      const { at, page } = await this.#fetch(request);
      const processStart = sameProcessStart(this.#lifeStart(), page.processStartMs ?? startOf(this.#lastProbe));
      const readiness = await this.#readiness(request, processStart !== this.#lifeStart());
      this.#pageFailures = 0;
      this.#lastPage = { at, exposition: page };
      this.#page = { ok: true, at, ...readiness, reloadFailed: page.reloadFailed === true };
      this.#facts = {
        ...this.#facts,
        poolEnabled: page.poolEnabled,
        loadedSha256: page.configSha256,
        drill: page.drill,
        version: page.version,
      };
      // what comes back is often back as a whole
      if (before?.ok === false && this.#ssh?.ok === false) this.#probeWake.now();
      // a page without fds waits for the probe that counts them
      if (page.openFds !== null) this.#keep(sampleOfPage(page, { at, processStart, source: this.#source(), counted: null }));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const failure =
        error instanceof ScrapeFailure ? error : new ScrapeFailure('unreachable', 'The metrics page could not be read.', { cause: error });
      this.#pageFailures++;
      this.#page = { ok: false, at: this.#deps.clock.now(), cause: failure.reason, words: failure.message };
      // how it really is shows over SSH, at once
      if (before?.ok !== false) this.#probeWake.now();
    }
  }

  #byCommand = () => this.#byCommandUntil > performance.now();

  async #fetch(request: PageRequest): Promise<{ at: number; page: Exposition }> {
    const { ssh, member, clock } = this.#deps;
    if (!this.#byCommand()) {
      try {
        return await readMetricsPage({ ...request, now: clock.now });
      } catch (error) {
        if (!this.#throughSsh() || !isForwardingRefused(error)) throw error;
        this.#byCommandUntil = performance.now() + FORWARDING_AGAIN_MS;
      }
    }
    return readPageByCommand({
      ssh,
      member,
      url: request.url,
      timeoutMs: PROBE_DEADLINE_MS,
      signal: this.#stopping.signal,
      now: clock.now,
    });
  }

  /** Asked every 15 s; at once after a restart, while not ready and while a run watches. */
  async #readiness(request: PageRequest, restarted: boolean): Promise<{ ready: boolean | null; notReadyWords: string | null }> {
    if (this.#byCommand()) return { ready: null, notReadyWords: null };
    const before = this.#page?.ok ? this.#page : null;
    const due = !before || restarted || before.ready === false || this.#focused() || performance.now() - this.#readyAt >= READY_EVERY_MS;
    if (!due) return { ready: before.ready, notReadyWords: before.notReadyWords };
    this.#readyAt = performance.now();
    try {
      const { ready, words } = await readReadiness(request);
      return { ready, notReadyWords: words };
    } catch (error) {
      return { ready: false, notReadyWords: error instanceof ScrapeFailure ? error.message.replace(/[.]$/, '') : null };
    }
  }

  async #probe(): Promise<void> {
    const { ops, member, clock } = this.#deps;
    try {
      const { value } = await ops.probe(member, { timeoutMs: PROBE_DEADLINE_MS, signal: this.#stopping.signal, sockets: false });
      const at = clock.now();
      const processStart = this.#lifeOf(value);
      this.#lastProbe = value;
      this.#doubted = false;
      if (this.#ssh?.ok === false && this.#page?.ok === false) this.#pageWake.now();
      this.#ssh = { ok: true, at, mainPid: value.mainPid, activeState: value.activeState, subState: value.subState };
      // what the page of an earlier life said is not true of this one
      if (this.#page?.ok === false && processStart !== this.#lifeStart()) this.#facts = NO_FACTS;
      this.#facts = { ...this.#facts, fileSha256: value.configSha256 };
      this.#keepCount(value, at, processStart);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const known = isHeadroomError(error) ? { code: error.code, detail: error.message } : null;
      // one slow answer or lost session of a node that answered before is no outage yet: it is asked again at once
      this.#doubted = DOUBTFUL.has(known?.code ?? '') && !this.#doubted && this.#ssh?.ok === true;
      if (!this.#doubted)
        this.#ssh = {
          ok: false,
          at: clock.now(),
          ...(known ?? { code: 'ssh.unreachable', detail: 'The node could not be probed over SSH.' }),
        };
    }
  }

  #keepCount(probe: Probe, at: number, processStart: number | null): void {
    if (probe.mainPid === null || probe.openFds === null) return;
    const counted = { openFds: probe.openFds, fdLimit: probe.fdSoftLimit };
    const page = this.#page?.ok ? this.#lastPage : null;
    if (!this.#request || this.#page?.ok === false) this.#keep(sampleOfProbe({ at, processStart, counted }));
    else if (page && page.exposition.openFds === null && at - page.at <= SAME_MOMENT_MS)
      this.#keep(sampleOfPage(page.exposition, { at, processStart, source: this.#source(), counted }));
  }

  /** A pid that lives on is the same life, even when the node's clock was set meanwhile. */
  #lifeOf(probe: Probe): number | null {
    const [before, life] = [this.#lastProbe, this.#lifeStart()];
    const samePid = before !== null && probe.mainPid !== null && before.mainPid === probe.mainPid && before.nRestarts === probe.nRestarts;
    if (samePid && life !== null && sameProcessStart(life, startOf(before)) === life) return life;
    return sameProcessStart(life, startOf(probe));
  }

  #lifeStart = (): number | null => this.#lastSample?.processStart ?? null;
  #throughSsh = () => this.#deps.member.metrics.via === 'ssh';
  #source = () => (this.#throughSsh() ? 'ssh-metrics' : 'http') as 'ssh-metrics' | 'http';

  #keep(sample: Sample): void {
    this.#lastSample = sample;
    this.#deps.onSample(sample);
  }
}

/** The channel has most of the time, so that its own words are heard when it cannot be had. */
function channelTo(url: URL, { ssh, member }: WatchDeps, deadlineMs: number): () => Promise<Duplex> {
  const to = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80) };
  return async () => {
    // What a name is, the node knows; an address is the same from everywhere, and a node's own credentials are no metrics.
    if (net.isIP(to.host) && isDenied(to.host)) throw new ScrapeFailure('denied', deniedWords(url, to.host));
    return ssh.openTcp(member, to, { timeoutMs: deadlineMs * 0.8 });
  };
}

const startOf = (probe: Probe | null): number | null =>
  probe?.processStartMs == null ? null : plausibleStart(Math.round(probe.processStartMs / 1000) * 1000);
