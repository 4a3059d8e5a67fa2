import type { Sample } from '#shared/metrics.ts';
import { ScrapeFailure } from './failure.ts';
import { plausibleFigure, plausibleStart } from './plausible.ts';
import { readSeries, readValue, type Series } from './series-text.ts';

/** What a page's lines fold into: the numbers of one wide sample, and facts that are not time series. */
export type Exposition = Omit<Sample, 'at' | 'processStart' | 'source'> & {
  processStartMs: number | null;
  poolEnabled: boolean | null;
  reloadFailed: boolean | null;
  configSha256: string | null;
  drill: string | null;
  version: string | null;
};

export const PAGE_LIMITS = Object.freeze({
  /** bytes of one page */
  page: 4 * 1024 * 1024,
  /** bytes of one line; ours are below 300 */
  line: 16 * 1024,
  lines: 200_000,
});

/** Takes the page as it arrives, in any cutting, and keeps one partial line at most. */
export type ExpositionFold = { push(chunk: Buffer): void; finish(): Exposition };

/** Prometheus text 0.0.4 and OpenMetrics. Series that nobody here needs are skipped unread. Throws ScrapeFailure. */
export function foldExposition(options: { openMetrics?: boolean } = {}): ExpositionFold {
  const seen = new Tally();
  let rest: Buffer | null = null;
  let [bytes, lines] = [0, 0];
  let ended = false;

  const take = (page: Buffer, from: number, to: number) => {
    if (++lines > PAGE_LIMITS.lines) throw new ScrapeFailure('too-large', `The metrics page has more than ${PAGE_LIMITS.lines} lines.`);
    if (to - from > PAGE_LIMITS.line) throw tooLong(lines);
    const end = to > from && page[to - 1] === 0x0d ? to - 1 : to;
    if (end === from) return;
    if (ended) throw new ScrapeFailure('malformed', `Line ${lines} of the metrics page comes after "# EOF".`);
    const first = page[from];
    if (first === 0x23) {
      if (end - from === 5 && page.toString('latin1', from, end) === '# EOF') ended = true;
      return;
    }
    // every name that is kept begins with "process_" or "sniproxy_"
    if (first !== 0x70 && first !== 0x73) return;
    takeSeries(seen, page.toString('latin1', from, end), lines);
  };

  return {
    push(chunk) {
      bytes += chunk.length;
      if (bytes > PAGE_LIMITS.page)
        throw new ScrapeFailure('too-large', `The metrics page is larger than ${PAGE_LIMITS.page / 1024 / 1024} MiB.`);
      const page = rest ? Buffer.concat([rest, chunk]) : chunk;
      let from = 0;
      for (let to = page.indexOf(0x0a); to !== -1; to = page.indexOf(0x0a, from)) {
        take(page, from, to);
        from = to + 1;
      }
      if (page.length - from > PAGE_LIMITS.line) throw tooLong(lines + 1);
      rest = from < page.length ? page.subarray(from) : null;
    },
    finish() {
      if (rest) throw new ScrapeFailure('truncated', `The metrics page ends in the middle of line ${lines + 1}.`);
      if (options.openMetrics && !ended)
        throw new ScrapeFailure('truncated', 'The metrics page is OpenMetrics and does not end with "# EOF".');
      if (!seen.any)
        throw new ScrapeFailure('no-series', 'The page has no metric of an SNI proxy (no "sniproxy_…" and no "process_…" series).');
      return seen.exposition();
    },
  };
}

/** The whole page at once. */
export function readExposition(page: Buffer | string, options: { openMetrics?: boolean } = {}): Exposition {
  const fold = foldExposition(options);
  fold.push(typeof page === 'string' ? Buffer.from(page) : page);
  return fold.finish();
}

/**
 * Series as they were written on earlier pages (name and labels, up to the blank before the value): proxies print the same ones at every
 * reading, most of them on every node. Only lines that end with their value are learnt, so what is found here was read in full once.
 */
const learnt = new Map<string, { keep: Keep | null; label: Series['label'] }>();
const MAX_LEARNT = 4096;
/** characters of a line; a learnt series keeps its line alive */
const MAX_LEARNT_LENGTH = 320;

/** `line` is one character a byte. */
function takeSeries(seen: Tally, line: string, number: number): void {
  const blank = line.lastIndexOf(' ');
  const series = blank > 0 && line.length <= MAX_LEARNT_LENGTH ? line.slice(0, blank) : null;
  const known = series === null ? undefined : learnt.get(series);
  if (known && series !== null) {
    if (!known.keep) return;
    const value = readValue(line.slice(blank + 1));
    if (value !== undefined) {
      if (seen.isFirst(series)) known.keep(seen, { value, label: known.label });
      return;
    }
  }
  let nameEnd = 0;
  while (nameEnd < line.length && line[nameEnd] !== '{' && line[nameEnd] !== ' ' && line[nameEnd] !== '\t') nameEnd++;
  const keep = KEPT.get(line.slice(0, nameEnd)) ?? null;
  const read = keep && readSeries(Buffer.from(line.slice(nameEnd), 'latin1').toString('utf8'), number);
  if (keep && read && seen.isFirst(series ?? line)) keep(seen, read);
  if (series === null || (read && !read.endsWithValue) || (!keep && nameEnd !== blank && line[blank - 1] !== '}')) return;
  if (learnt.size >= MAX_LEARNT) learnt.clear();
  learnt.set(series, { keep, label: read?.label ?? (() => null) });
}

const tooLong = (line: number) =>
  new ScrapeFailure('line-too-long', `Line ${line} of the metrics page is longer than ${PAGE_LIMITS.line} bytes.`);

/** Numbers as they come in; NaN and infinities count as not known. */
class Tally {
  any = false;
  #numbers = new Map<string, number>();
  #words = new Map<string, string>();
  #series = new Set<string>();

  /** A series that is on a page twice counts once, by its first line, as Prometheus counts it: a page written twice is not twice the traffic. */
  isFirst(series: string): boolean {
    if (this.#series.has(series)) return false;
    this.#series.add(series);
    return true;
  }
  sum(key: string, value: number): void {
    this.#put(key, value, (before) => before + value);
  }
  max(key: string, value: number): void {
    this.#put(key, value, (before) => Math.max(before, value));
  }
  min(key: string, value: number): void {
    this.#put(key, value, (before) => Math.min(before, value));
  }
  word(key: string, value: string | null): void {
    this.any = true;
    if (value) this.#words.set(key, value);
  }

  exposition(): Exposition {
    const number = (key: string) => plausibleFigure(this.#numbers.get(key) ?? null);
    const flag = (key: string) => (this.#numbers.has(key) ? this.#numbers.get(key) !== 0 : null);
    const start = number('processStartSeconds');
    const finished = number('finished');
    const active = number('connectionsActive');
    const fds = this.#fds();
    return {
      processStartMs: plausibleStart(start === null ? null : Math.round(start) * 1000),
      openFds: fds.open,
      fdLimit: fds.limit,
      connectionsActive: active,
      connectionsStale: number('connectionsStale'),
      withoutBackend: number('withoutBackend'),
      poolActive: number('poolActive'),
      poolIdle: number('poolIdle'),
      baselineFds: fds.baseline,
      // SNIProxy-rs counts a connection when it ends, so accepted = ended + still there
      acceptedTotal: number('acceptedTotal') ?? (finished === null || active === null ? null : finished + active),
      refusedTotal: number('refusedTotal'),
      bytesTotal: number('bytesTotal'),
      errorsTotal: number('errorsTotal'),
      rssBytes: number('rssBytes'),
      cpuSeconds: number('cpuSeconds'),
      eventLoopLagSeconds: number('eventLoopLagSeconds'),
      poolEnabled: flag('poolEnabled'),
      reloadFailed: flag('reloadFailed'),
      configSha256: this.#words.get('configSha256') ?? null,
      drill: this.#words.get('drill') ?? null,
      version: this.#words.get('version') ?? null,
    };
  }

  /**
   * The page's own figures are those of the worker nearest its limit, traffic is everybody's. So that fds can be explained by traffic, they are
   * those of all workers here; the limit is what all have open when that worker is full, if their proportions stay: headroom is the worst one's.
   */
  #fds(): { open: number | null; limit: number | null; baseline: number | null } {
    const [open, limit, baseline] = ['openFds', 'fdLimit', 'baselineFds'].map((key) => this.#numbers.get(key) ?? null);
    const [workers = 1, all] = [this.#numbers.get('workers'), this.#numbers.get('openFdsOfAll')];
    if (workers < 2 || all === undefined || !open) return { open: open ?? null, limit: limit ?? null, baseline: baseline ?? null };
    const scale = all / open;
    return { open: all, limit: limit ? Math.round(limit * scale) : null, baseline: baseline ? baseline * workers : null };
  }

  #put(key: string, value: number, join: (before: number) => number): void {
    this.any = true;
    if (!Number.isFinite(value)) return;
    const before = this.#numbers.get(key);
    this.#numbers.set(key, before === undefined ? value : join(before));
  }
}

type Keep = (tally: Tally, series: Series) => void;
const sum =
  (key: string): Keep =>
  (tally, { value }) =>
    tally.sum(key, value);
const max =
  (key: string): Keep =>
  (tally, { value }) =>
    tally.max(key, value);
const min =
  (key: string): Keep =>
  (tally, { value }) =>
    tally.min(key, value);

const PHASES: Record<string, string> = { stale: 'connectionsStale' };

/** Of several processes behind one page the one nearest its limit counts; traffic is added up. */
const KEPT = new Map<string, Keep>([
  ['process_open_fds', max('openFds')],
  ['process_max_fds', min('fdLimit')],
  ['process_start_time_seconds', max('processStartSeconds')],
  ['process_resident_memory_bytes', sum('rssBytes')],
  ['process_cpu_seconds_total', sum('cpuSeconds')],
  ['sniproxy_connections_active', sum('connectionsActive')],
  ['sniproxy_connections_without_backend', sum('withoutBackend')],
  [
    'sniproxy_connections_phase',
    (tally, { value, label }) => {
      const key = PHASES[label('phase') ?? ''];
      if (key) tally.sum(key, value);
    },
  ],
  ['sniproxy_connections_total', sum('finished')],
  ['sniproxy_pool_active_connections', sum('poolActive')],
  ['sniproxy_pool_size', sum('poolIdle')],
  ['sniproxy_accepted_total', sum('acceptedTotal')],
  ['sniproxy_refused_total', sum('refusedTotal')],
  ['sniproxy_bytes_transferred_total', sum('bytesTotal')],
  ['sniproxy_errors_total', sum('errorsTotal')],
  ['sniproxy_eventloop_lag_seconds', max('eventLoopLagSeconds')],
  ['sniproxy_fd_baseline', max('baselineFds')],
  ['sniproxy_workers', sum('workers')],
  ['sniproxy_worker_open_fds', sum('openFdsOfAll')],
  ['sniproxy_pool_enabled', max('poolEnabled')],
  ['sniproxy_config_reload_failed', max('reloadFailed')],
  [
    'sniproxy_config_info',
    (tally, { value, label }) => {
      if (value === 1) tally.word('configSha256', /^[0-9a-f]{64}$/.exec(label('sha256') ?? '')?.[0] ?? null);
    },
  ],
  [
    'sniproxy_build_info',
    (tally, { value, label }) => {
      if (value === 1) tally.word('version', /^[\w.+-]{1,40}$/.exec(label('version') ?? '')?.[0] ?? null);
    },
  ],
  [
    'sniproxy_drill_active',
    (tally, { value, label }) => {
      if (value === 1) tally.word('drill', /^[a-z0-9-]{1,40}$/.exec(label('drill') ?? '')?.[0] ?? null);
    },
  ],
]);
