import { type HostPort, isIp, parseHostPort } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';
import { compileNamePattern } from '../contract/name-pattern.ts';

/** Where a name goes: to addresses that the operator wrote (trusted), or to the name itself (resolved, and checked when dialled). */
export type Target = { kind: 'backends'; backends: readonly HostPort[] } | { kind: 'requested' };
/** `label` is how the route is called in log and metrics. */
export type Route = { label: string; target: Target; sendProxy?: 'v1' | 'v2' | undefined };

type Rule = { route: Route; at: number; matches: (name: string, alpn: readonly string[]) => boolean };
const NO_ALPN: readonly string[] = [];

/**
 * First match wins. Exact names are looked up; only rules above the exact hit are tried one by one. A table never changes: reload makes a
 * new one.
 */
export class RouteTable {
  readonly #exact = new Map<string, { route: Route; at: number }>();
  readonly #rules: Rule[] = [];
  readonly #fallback: Route | null;
  /** names written in the config: their metrics never fall under "other" */
  readonly names: readonly string[];

  constructor(config: Config) {
    const routes = config.routes ?? [];
    for (const [at, { match, backends, dial, send_proxy, alpn }] of routes.entries()) {
      const target: Target = dial === 'requested' ? { kind: 'requested' } : { kind: 'backends', backends: (backends ?? []).map(hostPort) };
      const route = { label: match, target, ...(send_proxy && { sendProxy: send_proxy }) };
      const name = match.toLowerCase();
      const byName = matcherOf(match);
      if (byName === null && alpn === undefined) {
        if (!this.#exact.has(name)) this.#exact.set(name, { route, at });
        continue;
      }
      const named = byName ?? ((asked: string) => asked === name);
      const offers = (offered: readonly string[]) => alpn === undefined || alpn.some((one) => isOffered(one, offered));
      this.#rules.push({ route, at, matches: (asked, offered) => offers(offered) && named(asked) });
    }
    this.names = [...this.#exact.keys()];
    this.#fallback = config.default_backend
      ? { label: 'default_backend', target: { kind: 'backends', backends: [hostPort(config.default_backend)] } }
      : routes.length === 0
        ? { label: 'requested', target: { kind: 'requested' } }
        : null;
  }

  /** Null = no route. A single label or no name is never dialled as asked. `alpn` is what a TLS client offers. */
  find(name: string | null, alpn: readonly string[] = NO_ALPN): Route | null {
    if (name === null) return this.#fallback?.target.kind === 'requested' ? null : this.#fallback;
    const exact = this.#exact.get(name);
    for (const rule of this.#rules) {
      if (exact && rule.at > exact.at) break;
      if (rule.matches(name, alpn)) return dialable(rule.route, name);
    }
    const found = exact?.route ?? this.#fallback;
    return found === null ? null : dialable(found, name);
  }
}

/** A client that answers a challenge offers nothing else (RFC 8737 3): one that offers more is a visitor, and the challenge's backend serves none. */
const isOffered = (protocol: string, offered: readonly string[]): boolean =>
  offered.includes(protocol) && (protocol !== 'acme-tls/1' || offered.length === 1);

/** Null for a plain name, which is looked up. */
function matcherOf(match: string): ((name: string) => boolean) | null {
  if (match.length > 2 && match.startsWith('/') && match.endsWith('/')) return compileNamePattern(match);
  if (!match.startsWith('*.')) return null;
  const suffix = match.slice(1).toLowerCase();
  return (name) => name.length > suffix.length && name.endsWith(suffix);
}

const dialable = (route: Route, name: string): Route | null =>
  route.target.kind === 'requested' && !name.includes('.') && !isIp(name) ? null : route;

function hostPort(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === null) throw new Error(`"${text}" is not host:port`);
  return parsed;
}
