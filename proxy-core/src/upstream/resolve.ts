import dns from 'node:dns';
import { isIp, isIpv4 } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';
import { codeOf } from '../errors.ts';
import { createHostsFile } from './hosts-file.ts';

export type Family = 'any' | 'ipv4' | 'ipv6' | 'prefer_ipv4' | 'prefer_ipv6';
/** Addresses, and how long they may be kept; null when the answer does not say. */
export type Answer = { addresses: readonly string[]; ttlSeconds: number | null };
/**
 * Asks for the addresses of a name in one family. An empty answer is an answer: there are none. Rejects when nobody could be asked.
 * `written`: the operator wrote the name, so it is looked up as programs of this machine do; asked names go to DNS alone.
 */
export type Lookup = (name: string, family: 4 | 6, written: boolean) => Promise<Answer>;

type ResolverConfig = Partial<NonNullable<Config['resolver']>> | null | undefined;

const [DEFAULT_CACHE_SECONDS, DEFAULT_NEGATIVE_SECONDS, DEFAULT_BUDGET_SECONDS] = [30, 5, 5];
/** Names that are kept; the longest unused goes first. */
const MAX_NAMES = 10_000;
/** Lookups at a time; clients choose the names, and a resolver that does not answer must not be asked without end. */
const MAX_LOOKUPS = 1000;
/** More addresses than this are not tried. */
const MAX_ADDRESSES = 8;
/** RFC 8305 3: an answer of one family waits so long for that of the other. */
const RESOLUTION_DELAY_MS = 50;

type Kept = { addresses: readonly string[]; until: number };

/**
 * Addresses of names in the order to try them: cached, bounded, and never later than its budget. Failures are kept too, for less long, so
 * that a name that does not exist is not asked for by each client. A reload makes a new one.
 */
export class Resolver {
  readonly #kept = new Map<string, Kept>();
  readonly #running = new Map<string, Promise<readonly string[]>>();
  readonly #family: Family;
  readonly #cacheMs: number;
  readonly #negativeMs: number;
  readonly #budgetMs: number;
  readonly #lookup: Lookup;
  readonly #now: () => number;
  readonly happyEyeballs: boolean;
  hits = 0;
  misses = 0;

  constructor(config: ResolverConfig, lookup: Lookup = systemLookup(config), now: () => number = () => performance.now()) {
    this.#family = config?.family ?? 'any';
    this.#cacheMs = (config?.cache_seconds ?? DEFAULT_CACHE_SECONDS) * 1000;
    this.#negativeMs = Math.min(this.#cacheMs, (config?.negative_cache_seconds ?? DEFAULT_NEGATIVE_SECONDS) * 1000);
    this.#budgetMs = (config?.budget ?? DEFAULT_BUDGET_SECONDS) * 1000;
    this.happyEyeballs = config?.happy_eyeballs ?? true;
    this.#lookup = lookup;
    this.#now = now;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Empty when there are none, or none in time. At once when they are known. */
  addresses(host: string, written: boolean): readonly string[] | Promise<readonly string[]> {
    if (isIp(host)) return [host];
    const key = written ? `${host} written` : host;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > this.#now()) {
      this.hits += 1;
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.addresses;
    }
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#running.size >= MAX_LOOKUPS) return [];
    this.misses += 1;
    const asking = this.#ask(host, written).then((answer) => {
      this.#running.delete(key);
      this.#keep(key, answer);
      return answer.addresses;
    });
    this.#running.set(key, asking);
    return asking;
  }

  #keep(key: string, { addresses, ttlSeconds }: Answer): void {
    const ttl = ttlSeconds === null ? this.#cacheMs : Math.min(this.#cacheMs, ttlSeconds * 1000);
    const ms = addresses.length === 0 ? this.#negativeMs : ttl;
    this.#kept.delete(key);
    if (ms <= 0) return;
    this.#kept.set(key, { addresses, until: this.#now() + ms });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_NAMES && oldest !== undefined) this.#kept.delete(oldest);
  }

  /**
   * Both families at once. What has come when the budget is over counts; a family that is late by more than the resolution delay does not.
   */
  async #ask(host: string, written: boolean): Promise<Answer> {
    const families: (4 | 6)[] = this.#family === 'ipv4' ? [4] : this.#family === 'ipv6' ? [6] : [6, 4];
    const answers = new Map<4 | 6, Answer>();
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, this.#budgetMs);
      let left = families.length;
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      for (const family of families)
        this.#lookup(host, family, written).then(
          (answer) => {
            answers.set(family, answer);
            left -= 1;
            if (left === 0) return done();
            if (answer.addresses.length === 0) return;
            clearTimeout(timer);
            timer = setTimeout(resolve, Math.min(RESOLUTION_DELAY_MS, this.#budgetMs));
          },
          () => {
            left -= 1;
            if (left === 0) done();
          },
        );
    });
    const ttls = [...answers.values()].flatMap(({ addresses, ttlSeconds }) =>
      addresses.length > 0 && ttlSeconds !== null ? [ttlSeconds] : [],
    );
    const [first, second] = this.#family === 'prefer_ipv4' ? [answers.get(4), answers.get(6)] : [answers.get(6), answers.get(4)];
    return {
      addresses: interleave(first?.addresses ?? [], second?.addresses ?? []).slice(0, MAX_ADDRESSES),
      ttlSeconds: ttls.length === 0 ? null : Math.min(...ttls),
    };
  }
}

/** RFC 8305 4: one of each family in turn, so that a family that does not work costs one attempt. */
function interleave(first: readonly string[], second: readonly string[]): string[] {
  const mixed: string[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i += 1)
    for (const address of [first[i], second[i]])
      if (address !== undefined && isIp(address) && !mixed.includes(address)) mixed.push(address);
  return mixed;
}

/** Codes that are an answer: the name, or an address of that family, does not exist. */
const NO_SUCH = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA']);

/**
 * Asked names: /etc/hosts, then DNS with its own sockets and deadlines. getaddrinfo would block one of four threads for each slow name, and
 * clients choose the names. Names in `backends` are few and the operator's: they get all that this machine's own lookups know.
 */
function systemLookup(config: ResolverConfig): Lookup {
  const resolver = new dns.promises.Resolver({ timeout: 1000, tries: 3 });
  const servers = config?.servers;
  if (servers !== undefined && servers !== null) resolver.setServers(servers);
  const inHosts = createHostsFile();
  return async (name, family, written) => {
    const listed = inHosts(name);
    if (listed !== null) return { addresses: listed.filter((address) => isIpv4(address) === (family === 4)), ttlSeconds: null };
    try {
      if (written && !servers) {
        const found = await dns.promises.lookup(name, { all: true, family, order: 'verbatim' });
        return { addresses: found.map(({ address }) => address), ttlSeconds: null };
      }
      const found = family === 4 ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
      return { addresses: found.map(({ address }) => address), ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)) };
    } catch (error) {
      if (NO_SUCH.has(codeOf(error))) return { addresses: [], ttlSeconds: null };
      throw error;
    }
  };
}
