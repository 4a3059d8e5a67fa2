import { formatHostPort, type HostPort, isIp } from '../contract/addresses.ts';
import type { Refusal } from '../contract/words.ts';
import type { Destinations } from '../guard/destinations.ts';
import type { Target } from '../route/table.ts';
import { type Family, resolve } from './resolve.ts';

/** An address to try: `backend` is what the operator or the client wrote, for the log. */
export type Candidate = HostPort & { backend: string };
export type Candidates = { candidates: readonly Candidate[] } | { refused: Refusal };

/** Where a connection may be dialled, in order, each address judged as it will be dialled. A promise only when a name has to be resolved. */
export function candidatesFor(
  target: Target,
  asked: { name: string | null; port: number },
  destinations: Destinations,
  family: Family,
): Candidates | Promise<Candidates> {
  const trusted = target.kind === 'backends';
  const wanted: readonly HostPort[] = trusted ? target.backends : asked.name === null ? [] : [{ host: asked.name, port: asked.port }];
  if (wanted.every(({ host }) => isIp(host)))
    return judged(
      wanted.map((at) => ({ ...at, backend: formatHostPort(at) })),
      destinations,
      trusted,
    );
  return Promise.all(
    wanted.map(async (at) => (await resolve(at.host, family)).map((host) => ({ host, port: at.port, backend: formatHostPort(at) }))),
  ).then((found) => judged(found.flat(), destinations, trusted));
}

function judged(all: readonly Candidate[], destinations: Destinations, trusted: boolean): Candidates {
  let refused: Refusal = 'dns_failed';
  const candidates = all.filter((candidate) => {
    const denial = destinations.judge(candidate, trusted);
    if (denial !== null && refused === 'dns_failed') refused = denial;
    return denial === null;
  });
  return candidates.length > 0 ? { candidates } : { refused };
}
