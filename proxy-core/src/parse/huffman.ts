/**
 * RFC 7541 Appendix B. The code is canonical (codes of one length are consecutive, in the order of their symbols), so it is given by the
 * length of each symbol's code: symbols 0 to 255, sixteen a line, then EOS.
 */
const EOS = 256;
const LENGTHS: readonly number[] = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
];
const LONGEST = 30;
/** Padding is less than a byte. */
const MAX_PADDING = 7;

/** By code length: the first code, the first's place in `SYMBOLS`, and how many there are. */
const FIRST_CODE = new Uint32Array(LONGEST + 1);
const FIRST_SYMBOL = new Uint16Array(LONGEST + 1);
const COUNT = new Uint16Array(LONGEST + 1);
const SYMBOLS = new Uint16Array(LENGTHS.length);
layOut();

function layOut(): void {
  let [code, at] = [0, 0];
  for (let length = 1; length <= LONGEST; length += 1) {
    code *= 2;
    FIRST_CODE[length] = code;
    FIRST_SYMBOL[length] = at;
    for (const [symbol, own] of LENGTHS.entries())
      if (own === length) {
        SYMBOLS[at] = symbol;
        at += 1;
        code += 1;
      }
    COUNT[length] = at - (FIRST_SYMBOL[length] ?? 0);
  }
}

/** Null for what no encoder makes: EOS, padding of a byte or more, and padding that is not all ones. */
export function decodeHuffman(bytes: Uint8Array): string | null {
  const text: number[] = [];
  let [code, length] = [0, 0];
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = 2 * code + ((byte >> bit) & 1);
      length += 1;
      const place = code - (FIRST_CODE[length] ?? 0);
      if (place < 0 || place >= (COUNT[length] ?? 0)) continue;
      const symbol = SYMBOLS[(FIRST_SYMBOL[length] ?? 0) + place] ?? EOS;
      if (symbol === EOS) return null;
      text.push(symbol);
      [code, length] = [0, 0];
    }
  if (length > MAX_PADDING || code !== 2 ** length - 1) return null;
  return Buffer.from(text).toString('latin1');
}
