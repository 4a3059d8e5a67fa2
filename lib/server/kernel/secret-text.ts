/** A key of 256 bits; more is hashed down to it, less is no key. */
const LEAST_BYTES = 32;
const MOST_BYTES = 1024;
/** 32 random bytes have fewer different values than this once in 10^12 times. */
const LEAST_DIFFERENT = 18;

/**
 * The bytes of a key that was written as hex, base64 or base64url; null when it is none of them, too short, or plainly no product of a random generator
 * (a pass phrase whose letters happen to be base64, a repeated text).
 */
export function parseSecretText(text: string): Buffer | null {
  const bytes = decode(text.trim());
  if (bytes === null || bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) return null;
  return new Set(bytes).size >= LEAST_DIFFERENT ? bytes : null;
}

function decode(text: string): Buffer | null {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  // Random base64 has letters of both cases; words of one case are a pass phrase.
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text)) return null;
  return Buffer.from(text, 'base64');
}
