import { setTimeout } from 'node:timers/promises';
import { type Answer, good, wrong } from './answer.ts';
import { complaint } from './ask.ts';
import { type Io, isAskedWrongly } from './command.ts';
import { COMMANDS, isNoun } from './commands.ts';
import { helpOf, nearest, overview, usageOf } from './help.ts';
import { findCommand, parseCall, wantsHelp } from './parse.ts';
import { printable } from './table.ts';
import { ownVersion } from './version.ts';

/** What nobody reads along: no terminal, nothing said on the way. */
const ALONE: Io = {
  say: () => undefined,
  note: () => undefined,
  status: () => undefined,
  terminal: false,
  env: process.env,
  sleep: (ms) => setTimeout(ms),
  now: () => Date.now(),
  interrupted: new AbortController().signal,
};

/** Never throws: what goes wrong is an answer too. */
export async function headroom(words: readonly string[], outside: Partial<Io> = {}): Promise<Answer> {
  const io: Io = { ...ALONE, ...outside };
  const found = findCommand(COMMANDS, words);
  if (found === null) return noCommand(words);
  const { command, rest } = found;
  if (wantsHelp(command, rest)) return good(...helpOf(command));
  try {
    return await command.run(parseCall(command, rest, io));
  } catch (error) {
    io.status(null);
    if (isAskedWrongly(error))
      return wrong(
        ...error.message.split('\n').map((line) => `headroom ${command.name}: ${line}`),
        `usage: ${usageOf(command)}`,
        `headroom help ${command.name} says more, with examples.`,
      );
    return complaint(error) ?? wrong(`headroom: ${error instanceof Error ? error.message : error}`);
  }
}

function noCommand(words: readonly string[]): Answer {
  const [noun, verb] = words;
  if (noun === undefined) return wrong(...overview(COMMANDS));
  if (noun === '--version' || noun === '-V') return good(`headroom ${ownVersion()}`);
  if (noun === '--help' || noun === '-h') return good(...overview(COMMANDS));
  if (isNoun(noun) && (verb === '--help' || verb === '-h')) return good(...overview(COMMANDS, noun));
  const asked = isNoun(noun) ? [noun, verb].filter((word) => word !== undefined).join(' ') : noun;
  const near = nearest(asked, isNoun(noun) ? COMMANDS.map(({ name }) => name) : COMMANDS.map(({ name }) => name.split(' ')[0] ?? name));
  const said = `headroom: there is no command "${asked}"${near === null ? '' : `; did you mean ${near}?`}`;
  if (!isNoun(noun)) return wrong(said, 'headroom help lists them all.');
  return wrong(...(verb === undefined ? [] : [said, '']), ...overview(COMMANDS, noun));
}

if (import.meta.main) {
  const lines = (text: string): string => text.split('\n').map(printable).join('\n');
  let status = false;
  const clear = () => {
    if (status) process.stderr.write('\r\x1b[K');
    status = false;
  };
  const leaving = new AbortController();
  const say = (text: string): void => {
    clear();
    console.log(lines(text));
  };
  const note = (text: string): void => {
    clear();
    console.error(lines(text));
  };
  // a reader that has enough, like head, is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const watches = process.argv.some((word) => ['watch', '--watch', '--until-paused'].includes(word));
  const programs = ['start', 'demo'].includes(process.argv[2] ?? '');
  if (watches) process.once('SIGINT', () => leaving.abort());
  // the program below gets it too, and says how it ended
  else if (programs) process.on('SIGINT', () => undefined);
  const {
    lines: told,
    code,
    error,
  } = await headroom(process.argv.slice(2), {
    say,
    note,
    status: (text) => {
      clear();
      if (text === null || !process.stderr.isTTY) return;
      process.stderr.write(printable(text).slice(0, Math.max(20, process.stderr.columns - 1)));
      status = true;
    },
    terminal: process.stdout.isTTY === true,
    sleep: (ms) => setTimeout(ms, undefined, { signal: leaving.signal }).catch(() => undefined),
    interrupted: leaving.signal,
  });
  clear();
  if (told.length > 0) (error ? note : say)(told.join('\n'));
  process.exitCode = code;
}
