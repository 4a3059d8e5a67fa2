/** The version that an SSH client speaks, and its software. */
export type SshIdent = { version: string; software: string };
export type SshResult = 'more' | 'malformed' | SshIdent;

/** RFC 4253 4.2, with its line end. */
const MAX_LINE = 255;
const LINE = /^SSH-([0-9]+[.][0-9]+)-([\x21-\x7e]+)(?: [\x20-\x7e]*)?$/;

/** The identification line that a client sends first. A client of version 1 may end it with LF alone. */
export function readSshIdent(raw: Buffer): SshResult {
  const end = raw.subarray(0, MAX_LINE).indexOf(0x0a);
  if (end < 0) return raw.length >= MAX_LINE ? 'malformed' : 'more';
  const line = raw.toString('latin1', 0, raw[end - 1] === 0x0d ? end - 1 : end);
  const match = LINE.exec(line);
  return match === null ? 'malformed' : { version: match[1] ?? '', software: match[2] ?? '' };
}
