import fs from 'node:fs';
import { DRILL_NAMES, type Drill } from '../contract/words.ts';
import type { Log } from '../log.ts';

/** `scale`: one in so many connections (slow-leak), descriptors per connection (scrape-blind) or per burst (fd-spike); null as by `--drill`. */
export type DrillOrder = { id: string; name: Drill; untilMs: number; scale: number | null };

/** Beside the config file: whoever may write there may write the config too. */
export const orderFileOf = (configFile: string): string => `${configFile}.drill`;

const LOOK_EVERY_MS = 1000;
const MAX_BYTES = 1024;
/** No drill lasts longer, whatever is ordered, whoever forgets it. */
export const LONGEST_MS = 2 * 3_600_000;
const MOST_SCALE = 10_000;

/**
 * Follows the file: its order holds from when it is there until its time is over or it is gone, also over a restart. Looking costs no descriptor,
 * and what a drill holds is given back before the file is read, so that one which took them all can be ended.
 */
export function followOrders(file: string, deps: { follow(order: DrillOrder | null): void; log: Log }): { stop(): void } {
  let seen = '';
  let current: DrillOrder | null = null;
  const end = (how: string) => {
    deps.follow(null);
    if (current !== null) deps.log.warn('a drill was under way here and is over', { drill: current.name, id: current.id, ended: how });
    current = null;
  };
  const look = () => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    const now = stat === undefined ? '' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    if (now !== seen) {
      seen = now;
      end(now === '' ? 'it was called off' : 'another order came');
      if (stat?.isFile() && stat.size <= MAX_BYTES) current = readOrder(fs.readFileSync(file, 'utf8'), Date.now());
      if (current) deps.follow(current);
    }
    if (current && Date.now() >= current.untilMs) end('its time was over');
  };
  const careful = () => {
    try {
      look();
    } catch (error) {
      seen = '';
      deps.log.error('the order of a drill cannot be read', { file, error: String(error) });
    }
  };
  careful();
  const timer = setInterval(careful, LOOK_EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}

/** Null: no order, or one that is over already, asks for too long or for nothing that is known. */
export function readOrder(text: string, now: number): DrillOrder | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { id, name, until, scale = null } = said as Record<string, unknown>;
  const drill = DRILL_NAMES.find((known) => known === name);
  if (drill === undefined || typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id) || typeof until !== 'number') return null;
  if (scale !== null && (!Number.isInteger(scale) || Number(scale) < 1 || Number(scale) > MOST_SCALE)) return null;
  const untilMs = until * 1000;
  if (!(untilMs > now) || untilMs > now + LONGEST_MS) return null;
  return { id, name: drill, untilMs, scale: scale === null ? null : Number(scale) };
}
