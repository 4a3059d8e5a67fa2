import type { Refusal } from '../contract/words.ts';
import type { Live } from '../relay/core.ts';
import type { Route } from '../route/table.ts';

/** Where a QUIC connection goes that asks for `name`: as a TLS one would go. */
export function decide({ allowlist, routes }: Live, name: string | null, alpn: readonly string[]): { route: Route } | { refused: Refusal } {
  if (!allowlist.allows(name)) return { refused: 'allowlist' };
  const route = routes.find(name, alpn);
  return route === null ? { refused: name === null ? 'no_sni' : 'no_route' } : { route };
}
