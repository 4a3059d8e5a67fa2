import { parseArgs } from 'node:util';
import { AskedWrongly, type Call, type Command, type Io, type Option } from './command.ts';

/** What every command takes beside its own options, by what it says. */
export const COMMON: Record<Command['output'], Record<string, Option>> = {
  tables: {
    json: { help: 'JSON, also on a terminal' },
    text: { help: 'tables and words, also where no terminal is' },
  },
  said: { json: { help: 'JSON instead of words' } },
  words: {},
};
export const optionsOf = (command: Command): Record<string, Option> => ({
  ...command.options,
  ...COMMON[command.output],
  ...(!command.passes && { help: { short: 'h', help: 'what this command does, with examples' } }),
});

/** The command that the words begin with, and the words after it. */
export function findCommand(commands: readonly Command[], words: readonly string[]): { command: Command; rest: readonly string[] } | null {
  const starts = (command: Command) => command.name.split(' ').every((word, i) => words[i] === word);
  const command = commands.find(starts);
  return command ? { command, rest: words.slice(command.name.split(' ').length) } : null;
}

export const wantsHelp = (command: Command, words: readonly string[]): boolean => {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return !command.passes && (own.includes('--help') || own.includes('-h'));
};

/** Throws AskedWrongly with what is wrong. */
export function parseCall(command: Command, words: readonly string[], io: Io): Call {
  if (command.passes) return { ...io, args: words, flag: () => false, value: () => undefined, values: () => [], json: false };
  const options = optionsOf(command);
  const { values, positionals } = parsed(words, options);
  checkCount(command, positionals);
  const given = (name: string): readonly string[] => {
    const value = values[name];
    return (Array.isArray(value) ? value : [value]).filter((v): v is string => typeof v === 'string');
  };
  const missing = Object.entries(options).find(([name, { needed }]) => needed && given(name).length === 0);
  if (missing) throw new AskedWrongly(`--${missing[0]} is missing: ${missing[1].help}`);
  for (const [name, { choices }] of Object.entries(options))
    for (const value of given(name))
      if (choices && !choices.includes(value)) throw new AskedWrongly(`--${name} is "${value}": it should be one of ${choices.join(', ')}`);
  const flag = (name: string) => values[name] === true;
  if (flag('json') && flag('text')) throw new AskedWrongly('--json and --text exclude each other');
  const json = flag('json') || (command.output === 'tables' && !io.terminal && !flag('text'));
  return { ...io, args: positionals, flag, values: given, value: (name) => given(name).at(-1), json };
}

function parsed(words: readonly string[], options: Record<string, Option>) {
  const known = Object.entries(options).map(
    ([name, { value, many, short }]) =>
      [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: many === true, ...(short && { short }) },
      ] as const,
  );
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options: Object.fromEntries(known) });
  } catch (error) {
    // the first sentence says what is wrong; the rest of it is about a program's own arguments
    throw new AskedWrongly(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error));
  }
}

function checkCount({ takes }: Command, given: readonly string[]): void {
  const missing = takes.find((positional, i) => !positional.optional && given[i] === undefined);
  if (missing) throw new AskedWrongly(`${missing.name} is missing: ${missing.help}`);
  const over = takes.some(({ many }) => many) ? undefined : given[takes.length];
  if (over !== undefined) throw new AskedWrongly(`"${over}" is one word too many`);
}
