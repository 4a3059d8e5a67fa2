import { z } from 'zod';
import { listed } from '#shared/units/count.ts';
import { yamlValue } from '#shared/yaml-value.ts';

/** What is read of a config.yaml, ours or another's: anything else in it is none of our business here. */
const routed = z.object({
  routes: z
    .array(
      z
        .object({ match: z.unknown(), backends: z.array(z.string().max(300)).max(1000) })
        .nullable()
        .catch(null),
    )
    .max(10_000),
});
/** A larger file is not read for names; names beyond this many of one backend are counted. */
const MOST_BYTES = 1024 * 1024;
const NAMED = 2;

/**
 * Which routes lead to an upstream `address:port`: "app.example.com", or "app.example.com, *.example.com and 3 more". Only backends that the file
 * gives as addresses can be known by a socket: what a name resolved to is known to the proxy alone. A file that cannot be read names nothing.
 */
export function backendNames(config: Buffer | null): (peer: string) => string | null {
  const names = new Map<string, Set<string>>();
  for (const { match, backends } of routesOf(config)) {
    const matched = wordsOf(match);
    for (const backend of backends) {
      const known = names.get(backend) ?? new Set();
      names.set(backend, known);
      for (const name of matched) known.add(name);
    }
  }
  return (peer) => {
    const known = [...(names.get(peer) ?? names.get(peer.replace(/:443$/, '')) ?? [])];
    return known.length === 0 ? null : listed(known, NAMED);
  };
}

function routesOf(config: Buffer | null): { match: unknown; backends: string[] }[] {
  if (config === null || config.length > MOST_BYTES) return [];
  const yaml = yamlValue(config.toString('utf8'));
  const read = routed.safeParse(yaml.ok ? yaml.value : null);
  return read.success ? read.data.routes.filter((route) => route !== null) : [];
}

/** `match` is one name or a list of them. */
const wordsOf = (match: unknown): string[] =>
  (Array.isArray(match) ? match : [match])
    .filter((word): word is string => typeof word === 'string' && word.length > 0)
    .map((word) => word.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 100));
