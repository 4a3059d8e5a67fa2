import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** bytes after which the journal moves to `<file>.1`; one older file is kept */
const ROTATE_AT = 8 << 20;
const LONGEST_LINE = 8 << 10;

export type Journal = {
  write(ident: string, pid: number, text: string): void;
  /** Every line of `stream` becomes an entry, until it ends. */
  follow(stream: Readable, ident: string, pid: number): void;
  close(): void;
};

/** `2026-11-24T18:40:05.123000+0000 edge-fra-01 sniproxy-server[4711]: text`, as `journalctl -o short-iso-precise` prints it. */
export function createJournal(options: { file: string; host: string; rotateAt?: number }): Journal {
  fs.mkdirSync(path.dirname(options.file), { recursive: true });
  let fd = fs.openSync(options.file, 'a', 0o640);
  let size = fs.fstatSync(fd).size;
  let closed = false;
  const rotate = () => {
    fs.renameSync(options.file, `${options.file}.1`);
    const next = fs.openSync(options.file, 'a', 0o640);
    fs.closeSync(fd);
    fd = next;
    size = 0;
  };
  const write: Journal['write'] = (ident, pid, text) => {
    if (closed) return;
    const stamp = new Date().toISOString().replace('Z', '000+0000');
    const line = Buffer.from(`${stamp} ${options.host} ${ident}[${pid}]: ${text.slice(0, LONGEST_LINE)}\n`);
    try {
      if (size + line.length > (options.rotateAt ?? ROTATE_AT)) rotate();
      size += fs.writeSync(fd, line);
    } catch {
      // a full disk costs log lines, not the fleet
    }
  };
  const follow: Journal['follow'] = (stream, ident, pid) => {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
      for (const line of lines) write(ident, pid, line);
    });
    stream.on('error', () => {});
    stream.on('end', () => rest !== '' && write(ident, pid, rest));
  };
  return {
    write,
    follow,
    close: () => {
      if (!closed) fs.closeSync(fd);
      closed = true;
    },
  };
}
