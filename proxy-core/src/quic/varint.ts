/** RFC 9000 16, at `at`. Null = it is cut short, or larger than a number holds exactly (which nothing here may be). */
export function readVarint(bytes: Buffer, at: number): { value: number; end: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const length = 1 << (first >> 6);
  if (at + length > bytes.length) return null;
  let value = first & 0x3f;
  for (let i = 1; i < length; i += 1) value = value * 256 + (bytes[at + i] ?? 0);
  return Number.isSafeInteger(value) ? { value, end: at + length } : null;
}
