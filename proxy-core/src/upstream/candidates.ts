import { formatHostPort, type HostPort, isIp } from '../contract/addresses.ts';
import type { Refusal } from '../contract/words.ts';
import type { Destinations } from '../guard/destinations.ts';
import type { Target } from '../route/table.ts';
import type { Resolver } from './resolve.ts';

/** An address to try: `backend` is what the operator or the client wrote, for the log. Addresses of one backend stand together. */
export type Candidate = HostPort & { backend: string };
export type Candidates = { candidates: readonly Candidate[] } | { refused: Refusal };

/**
 * Where a connection may be dialled, in order, each address judged as it will be dialled. A promise only when a name has to be looked up.
 */
export function candidatesFor(
  target: Target,
  asked: { name: string | null; port: number },
  destinations: Destinations,
  resolver: Resolver,
): Candidates | Promise<Candidates> {
  const fixed = fixedCandidates(target);
  return fixed !== null ? judged(fixed, destinations, true) : looked(target, asked, destinations, resolver);
}

/** Apart from the above, which most connections need alone: closures cost what they hold. */
function looked(
  target: Target,
  asked: { name: string | null; port: number },
  destinations: Destinations,
  resolver: Resolver,
): Candidates | Promise<Candidates> {
  const trusted = target.kind === 'backends';
  const wanted: readonly HostPort[] = trusted ? target.backends : asked.name === null ? [] : [{ host: asked.name, port: asked.port }];
  const of = (at: HostPort, addresses: readonly string[]): Candidate[] =>
    addresses.map((host) => ({ host, port: at.port, backend: formatHostPort(at) }));
  const found = wanted.map((at) => (isIp(at.host) ? [at.host] : resolver.addresses(at.host, trusted)));
  if (found.every((one): one is readonly string[] => Array.isArray(one)))
    return judged(
      wanted.flatMap((at, i) => of(at, found[i] ?? [])),
      destinations,
      trusted,
    );
  return Promise.all(found).then((all) =>
    judged(
      wanted.flatMap((at, i) => of(at, all[i] ?? [])),
      destinations,
      trusted,
    ),
  );
}

const fixed = new WeakMap<Target, readonly Candidate[]>();

/** A route's backends when all of them are addresses: the same for each of its connections. Null when a name is among them. */
function fixedCandidates(target: Target): readonly Candidate[] | null {
  const known = fixed.get(target);
  if (known !== undefined) return known;
  if (target.kind !== 'backends' || !target.backends.every(({ host }) => isIp(host))) return null;
  const made = target.backends.map((at) => ({ ...at, backend: formatHostPort(at) }));
  fixed.set(target, made);
  return made;
}

function judged(all: readonly Candidate[], destinations: Destinations, trusted: boolean): Candidates {
  let allowed = 0;
  while (allowed < all.length && isAllowed(all[allowed], destinations, trusted)) allowed += 1;
  if (allowed > 0 && allowed === all.length) return { candidates: all };
  let refused: Refusal = 'dns_failed';
  const candidates = all.filter((candidate) => {
    const denial = destinations.judge(candidate, trusted);
    if (denial !== null && refused === 'dns_failed') refused = denial;
    return denial === null;
  });
  return candidates.length > 0 ? { candidates } : { refused };
}

const isAllowed = (candidate: Candidate | undefined, destinations: Destinations, trusted: boolean): boolean =>
  candidate !== undefined && destinations.judge(candidate, trusted) === null;
