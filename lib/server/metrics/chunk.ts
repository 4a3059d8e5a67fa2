import { AT, isFraction, SAMPLE_COLUMNS, SAMPLE_WIDTH } from './sample-row.ts';

/**
 * Sample rows of one node as bytes, for the store's file and for memory: about 20 bytes a sample instead of 144, and exact.
 *
 * `samples` (uint16), then each column: `kind` (uint8), `length` (uint16), and `length` bytes:
 * - NONE: not known in any row
 * - SAME: one double, in every row
 * - WHOLE, PAGES, MICROS: the first value and the differences from then on, in units of 1, 4,096 and 10^-6, zigzag and as LEB128 varints
 * - SPARSE + one of those: before them a bitmap of the rows that know the value
 * - DOUBLES: 8 bytes a row, whatever they are
 */
export const MAX_CHUNK_SAMPLES = 256;

const [NONE, SAME, WHOLE, PAGES, MICROS, DOUBLES] = [0, 1, 2, 3, 4, 5];
const SPARSE = 0x10;
const HEAD = 2;
const COLUMN_HEAD = 3;
/** zigzag doubles a difference, which must stay exact */
const MAX_DIFFERENCE = 2 ** 51;

const scratch = new Uint8Array(HEAD + SAMPLE_WIDTH * (COLUMN_HEAD + 8 * MAX_CHUNK_SAMPLES + MAX_CHUNK_SAMPLES / 8));
const view = new DataView(scratch.buffer);
const column = new Float64Array(MAX_CHUNK_SAMPLES);
const FRACTIONS = SAMPLE_COLUMNS.map(isFraction);

/** `rows`: whole sample rows, 256 at most. */
export const encodeChunk = (rows: Float64Array): Uint8Array => packChunk(rows).slice();

/** The same, good until the next call: for who copies it to where it stays. */
export function packChunk(rows: Float64Array): Uint8Array {
  const samples = rows.length / SAMPLE_WIDTH;
  if (samples > MAX_CHUNK_SAMPLES) throw new RangeError(`a chunk takes ${MAX_CHUNK_SAMPLES} samples, not ${samples}`);
  view.setUint16(0, samples, true);
  let at = HEAD;
  for (let i = 0; i < SAMPLE_WIDTH; i++) {
    for (let row = 0; row < samples; row++) column[row] = rows[row * SAMPLE_WIDTH + i] ?? Number.NaN;
    const end = encodeColumn(at, samples, FRACTIONS[i] === true);
    view.setUint16(at + 1, end - at - COLUMN_HEAD, true);
    at = end;
  }
  return scratch.subarray(0, at);
}

/** Writes `column` from its head on; where it ends. */
function encodeColumn(from: number, samples: number, fraction: boolean): number {
  const first = column[0] ?? Number.NaN;
  let [same, known, pages] = [true, 0, true];
  for (let row = 0; row < samples; row++) {
    const value = column[row] ?? Number.NaN;
    if (!Object.is(value, first)) same = false;
    if (Number.isNaN(value)) continue;
    known++;
    if (value % 4096 !== 0) pages = false;
  }
  if (known === 0) {
    scratch[from] = NONE;
    return from + COLUMN_HEAD;
  }
  if (same) {
    scratch[from] = SAME;
    view.setFloat64(from + COLUMN_HEAD, first, true);
    return from + COLUMN_HEAD + 8;
  }
  const kind = pages ? PAGES : fraction ? MICROS : WHOLE;
  const sparse = known < samples;
  scratch[from] = kind | (sparse ? SPARSE : 0);
  const end = encodeDifferences(from + COLUMN_HEAD, samples, kind, sparse);
  if (end !== null) return end;
  scratch[from] = DOUBLES;
  for (let row = 0; row < samples; row++) view.setFloat64(from + COLUMN_HEAD + row * 8, column[row] ?? Number.NaN, true);
  return from + COLUMN_HEAD + samples * 8;
}

/** Null where a value is none of its unit's, or too far from the one before. */
function encodeDifferences(from: number, samples: number, kind: number, sparse: boolean): number | null {
  let at = from;
  if (sparse) {
    at += Math.ceil(samples / 8);
    scratch.fill(0, from, at);
  }
  let before = 0;
  for (let row = 0; row < samples; row++) {
    const value = column[row] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (sparse) scratch[from + (row >> 3)] = (scratch[from + (row >> 3)] ?? 0) | (1 << (row & 7));
    const units = kind === PAGES ? value / 4096 : kind === MICROS ? Math.round(value * 1e6) : value;
    const difference = units - before;
    if (!Number.isInteger(units) || (kind === MICROS && units / 1e6 !== value) || Math.abs(difference) > MAX_DIFFERENCE) return null;
    before = units;
    let left = difference < 0 ? -2 * difference - 1 : 2 * difference;
    while (left >= 0x80) {
      scratch[at++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    scratch[at++] = left;
  }
  return at;
}

export const chunkSamples = (bytes: Uint8Array, from = 0): number => (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8);

/** All columns, as rows into `out` from `outAt` on; behind the last of them. */
export function decodeChunk(bytes: Uint8Array, from: number, out: Float64Array, outAt: number): number {
  const samples = chunkSamples(bytes, from);
  let at = from + HEAD;
  for (let i = 0; i < SAMPLE_WIDTH; i++) at = decodeColumn(bytes, at, samples, out, outAt + i, SAMPLE_WIDTH);
  return outAt + samples * SAMPLE_WIDTH;
}

/** The columns that are wanted (indices of a sample row), each into its own array from `outAt` on; how many samples. */
export function decodeColumns(bytes: Uint8Array, wanted: readonly number[], out: readonly Float64Array[], outAt: number): number {
  const samples = chunkSamples(bytes);
  let at = HEAD;
  for (let i = 0; i < SAMPLE_WIDTH; i++) {
    const into = out[wanted.indexOf(i)];
    if (into) decodeColumn(bytes, at, samples, into, outAt, 1);
    at += COLUMN_HEAD + ((bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8));
  }
  return samples;
}

/** Of the first and the last row, without decoding the others' columns. */
export function chunkTimes(bytes: Uint8Array): { firstAt: number; lastAt: number } {
  const samples = decodeColumns(bytes, [AT], [column], 0);
  return { firstAt: column[0] ?? 0, lastAt: column[samples - 1] ?? 0 };
}

function decodeColumn(bytes: Uint8Array, from: number, samples: number, out: Float64Array, outAt: number, stride: number): number {
  const kind = bytes[from] ?? NONE;
  const end = from + COLUMN_HEAD + ((bytes[from + 1] ?? 0) | ((bytes[from + 2] ?? 0) << 8));
  let at = from + COLUMN_HEAD;
  if (kind === NONE || kind === SAME || kind === DOUBLES) {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = kind === NONE ? Number.NaN : data.getFloat64(at, true);
    for (let row = 0; row < samples; row++) out[outAt + row * stride] = kind === DOUBLES ? data.getFloat64(at + row * 8, true) : first;
    return end;
  }
  const sparse = (kind & SPARSE) !== 0;
  const unit = kind & ~SPARSE;
  const bitmap = at;
  if (sparse) at += Math.ceil(samples / 8);
  let units = 0;
  for (let row = 0; row < samples; row++) {
    if (sparse && ((bytes[bitmap + (row >> 3)] ?? 0) & (1 << (row & 7))) === 0) {
      out[outAt + row * stride] = Number.NaN;
      continue;
    }
    const low = bytes[at] ?? 0;
    const high = bytes[at + 1] ?? 0;
    if (low < 0x80) {
      units += (low >>> 1) ^ -(low & 1);
      at++;
    } else if (high < 0x80) {
      const value = (low & 0x7f) | (high << 7);
      units += (value >>> 1) ^ -(value & 1);
      at += 2;
    } else {
      let value = (low & 0x7f) | ((high & 0x7f) << 7);
      at += 2;
      for (let [byte, scale] = [0x80, 2 ** 14]; byte >= 0x80 && at < end; scale *= 0x80) {
        byte = bytes[at++] ?? 0;
        value += (byte & 0x7f) * scale;
      }
      units += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    out[outAt + row * stride] = unit === PAGES ? units * 4096 : unit === MICROS ? units / 1e6 : units;
  }
  return end;
}
