import { type HostPort, isIp, parseHostPort } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';

/** Where a name goes: to addresses that the operator wrote (trusted), or to the name itself (resolved, and checked when dialled). */
export type Target = { kind: 'backends'; backends: readonly HostPort[] } | { kind: 'requested' };
/** `label` is how the route is called in log and metrics. */
export type Route = { label: string; target: Target; sendProxy?: 'v1' | 'v2' | undefined };

type Rule = { route: Route; at: number; matches: (name: string) => boolean };

/** First match wins. Exact names are looked up; only rules above the exact hit are tried one by one. A table never changes: reload makes a new one. */
export class RouteTable {
  readonly #exact = new Map<string, { route: Route; at: number }>();
  readonly #rules: Rule[] = [];
  readonly #fallback: Route | null;
  /** names written in the config: their metrics never fall under "other" */
  readonly names: readonly string[];

  constructor(config: Config) {
    const routes = config.routes ?? [];
    for (const [at, { match, backends, dial, send_proxy }] of routes.entries()) {
      const target: Target = dial === 'requested' ? { kind: 'requested' } : { kind: 'backends', backends: (backends ?? []).map(hostPort) };
      const route = { label: match, target, ...(send_proxy && { sendProxy: send_proxy }) };
      if (match.length > 2 && match.startsWith('/') && match.endsWith('/')) {
        const whole = new RegExp(`^(?:${match.slice(1, -1)})$`, 'u');
        this.#rules.push({ route, at, matches: (name) => whole.test(name) });
      } else if (match.startsWith('*.')) {
        const suffix = match.slice(1).toLowerCase();
        this.#rules.push({ route, at, matches: (name) => name.length > suffix.length && name.endsWith(suffix) });
      } else if (!this.#exact.has(match.toLowerCase())) this.#exact.set(match.toLowerCase(), { route, at });
    }
    this.names = [...this.#exact.keys()];
    this.#fallback = config.default_backend
      ? { label: 'default_backend', target: { kind: 'backends', backends: [hostPort(config.default_backend)] } }
      : routes.length === 0
        ? { label: 'requested', target: { kind: 'requested' } }
        : null;
  }

  /** Null = no route. A single label or no name is never dialled as asked. */
  find(name: string | null): Route | null {
    if (name === null) return this.#fallback?.target.kind === 'requested' ? null : this.#fallback;
    const exact = this.#exact.get(name);
    for (const rule of this.#rules) {
      if (exact && rule.at > exact.at) break;
      if (rule.matches(name)) return dialable(rule.route, name);
    }
    const found = exact?.route ?? this.#fallback;
    return found === null ? null : dialable(found, name);
  }
}

const dialable = (route: Route, name: string): Route | null =>
  route.target.kind === 'requested' && !name.includes('.') && !isIp(name) ? null : route;

function hostPort(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === null) throw new Error(`"${text}" is not host:port`);
  return parsed;
}
