import { parseConfigOrThrow } from './document.ts';
import { SECTION } from './edit-pool.ts';

/** connection_pool as it takes effect: no section is off, a section without `enabled` is on. Null: the value is of the wrong kind. */
export type Pool = {
  enabled: boolean | null;
  max_per_host: number | null;
  connection_ttl: number | null;
  idle_timeout: number | null;
  cleanup_interval: number | null;
};

export function readPool(bytes: Buffer): Pool {
  const { value } = parseConfigOrThrow(bytes);
  const section: unknown = value instanceof Map ? value.get(SECTION) : undefined;
  const get = (key: string): unknown => (section instanceof Map ? section.get(key) : undefined);
  const number = (key: string) => {
    const found = get(key);
    return typeof found === 'number' ? found : null;
  };
  const written = get('enabled');
  const enabled = section === undefined || section === null ? false : written === undefined ? true : written;
  return {
    enabled: typeof enabled === 'boolean' && (section instanceof Map || section === undefined || section === null) ? enabled : null,
    max_per_host: number('max_per_host'),
    connection_ttl: number('connection_ttl'),
    idle_timeout: number('idle_timeout'),
    cleanup_interval: number('cleanup_interval'),
  };
}
