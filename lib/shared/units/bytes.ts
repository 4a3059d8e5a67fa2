const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const BIT_UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'] as const;

/** Memory and files count in 1,024: "512 B", "1.5 MiB", "64 KiB". */
export const formatBytes = (bytes: number): string => join(scale(bytes, 1024, BYTE_UNITS));

/** Traffic counts bits in 1,000: "612 Mbit/s". */
export const formatBitRate = (bytesPerSecond: number): string => join(splitBitRate(bytesPerSecond));

export const splitBitRate = (bytesPerSecond: number): { figure: string; unit: string } => scale(bytesPerSecond * 8, 1000, BIT_UNITS);

function scale(value: number, base: number, units: readonly string[]): { figure: string; unit: string } {
  let [size, step] = [Math.max(0, value), 0];
  // 999.6 would read "1,000 kbit/s": go one unit up as soon as rounding reaches the base
  while (Math.round(size) >= base && step < units.length - 1) {
    size /= base;
    step += 1;
  }
  const figure = step === 0 || size >= 9.95 ? String(Math.round(size)) : size.toFixed(1).replace(/\.0$/, '');
  return { figure, unit: units[step] ?? '' };
}

const join = ({ figure, unit }: { figure: string; unit: string }): string => `${figure} ${unit}`;
