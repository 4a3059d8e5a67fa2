import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Command } from './catalogue.ts';

const KIB = 1024;
const RAW_CAP = 64 * KIB;
const STDERR_CAP = 64 * KIB;
/** A command that floods stderr is ended here; what is over the cap before is dropped. */
const STDERR_FLOOD = 4 * KIB * KIB;

export type ChannelResult = {
  exitCode: number | null;
  /** the server said how it ended, or we cut it; otherwise the session broke */
  ended: boolean;
  cut: boolean;
  stdout: Buffer;
  stderr: string;
  raw: string;
  sha256: string;
};

/** What one command is heard and fed through. */
export type CommandChannel = {
  stdout: Readable;
  stderr: Readable;
  stdin: Writable;
  /** null: it was ended by a signal */
  onExit(listener: (code: number | null) => void): void;
  /** after everything it said was read */
  onClose(listener: () => void): void;
  close(): void;
};

/** Feeds one command's channel and gathers what it says, within the caps. Never rejects: a broken channel is a result that did not end. */
export function gather(
  channel: CommandChannel,
  command: Command,
  on: { output?: ((text: string) => void) | undefined; first: () => void },
): Promise<ChannelResult> {
  return new Promise((resolve) => {
    const hash = createHash('sha256');
    const decoder = new StringDecoder('utf8');
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    let [outBytes, errBytes] = [0, 0];
    let exit: { code: number | null } | undefined;
    let [cut, settled, spoke] = [false, false, false];

    const settle = () => {
      if (settled) return;
      settled = true;
      const stdout = Buffer.concat(out);
      const stderr = Buffer.concat(err).toString('utf8');
      resolve({
        exitCode: exit?.code ?? null,
        ended: exit !== undefined || cut,
        cut,
        stdout,
        stderr,
        raw: rawOf(stdout, stderr, cut),
        sha256: hash.digest('hex'),
      });
    };
    const flooded = () => {
      cut = true;
      channel.close();
      settle();
    };
    const heard = () => {
      if (spoke) return;
      spoke = true;
      on.first();
    };
    channel.stdout.on('data', (chunk: Buffer) => {
      if (settled) return;
      heard();
      if (!command.follows) {
        hash.update(chunk);
        out.push(outBytes + chunk.length > command.maxStdout ? chunk.subarray(0, command.maxStdout - outBytes) : chunk);
        outBytes += chunk.length;
      }
      on.output?.(decoder.write(chunk));
      if (outBytes > command.maxStdout) flooded();
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      if (settled) return;
      heard();
      hash.update(chunk);
      if (errBytes < STDERR_CAP) err.push(chunk.subarray(0, STDERR_CAP - errBytes));
      errBytes += chunk.length;
      if (errBytes > STDERR_CAP) cut ||= !command.follows;
      if (errBytes > STDERR_FLOOD) flooded();
    });
    channel.onExit((code) => {
      exit = { code };
    });
    // a node that ends early does not read its input; its exit code says why
    channel.stdin.on('error', () => {});
    channel.onClose(settle);
    if (command.stdin) channel.stdin.end(command.stdin);
    else channel.stdin.end();
  });
}

function rawOf(stdout: Buffer, stderr: string, cut: boolean): string {
  const whole = `${stdout.subarray(0, RAW_CAP).toString('utf8')}${stderr}`;
  const bounded = whole.length > RAW_CAP ? whole.slice(0, RAW_CAP) : whole;
  const dropped = cut || stdout.length > RAW_CAP || whole.length > RAW_CAP;
  return dropped ? `${bounded.slice(0, RAW_CAP - 40)}\n… cut here: there was more` : bounded;
}
