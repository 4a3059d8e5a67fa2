import fs from 'node:fs';
import path from 'node:path';

/** systemd property names and their text, in the order in which `systemctl show` prints them. */
export type Properties = Record<string, string>;

/** Both clocks of one instant, as systemd shows them: wall clock in words, monotonic in microseconds since boot. */
export type Moment = { wallMs: number; monotonicUs: bigint };
export const momentNow = (): Moment => ({ wallMs: Date.now(), monotonicUs: process.hrtime.bigint() / 1000n });

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** `Tue 2026-11-24 18:40:05 UTC`, empty for an instant that never was. */
export function timestamp(moment: Moment | null): string {
  if (moment === null) return '';
  const date = new Date(moment.wallMs);
  return `${DAYS[date.getUTCDay()]} ${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 19)} UTC`;
}

export const monotonic = (moment: Moment | null): string => (moment === null ? '0' : String(moment.monotonicUs));

/** The units' files: read by the `systemctl show` stand-in without asking anyone, so each is replaced in one step. */
export function createUnitFiles(dir: string) {
  fs.mkdirSync(dir, { recursive: true });
  const fileOf = (unit: string) => path.join(dir, unit);
  return {
    put(unit: string, properties: Properties): void {
      const text = Object.entries(properties)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
      fs.writeFileSync(`${fileOf(`.${unit}`)}.new`, text);
      fs.renameSync(`${fileOf(`.${unit}`)}.new`, fileOf(unit));
    },
    remove(unit: string): void {
      fs.rmSync(fileOf(unit), { force: true });
    },
  };
}
export type UnitFiles = ReturnType<typeof createUnitFiles>;
