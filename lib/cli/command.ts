import type { Answer, ExitCode } from './answer.ts';

export const GROUPS = [
  'The console',
  'Nodes',
  'Runs',
  'Incidents',
  'Fleet as code',
  'Proof',
  'The data directory',
  'This command line',
] as const;

export type Option = {
  /** what stands for its value in the usage; without one it is a flag */
  value?: string;
  /** one letter */
  short?: string;
  help: string;
  needed?: true;
  /** may be given more than once */
  many?: true;
  /** all values there are */
  choices?: readonly string[];
};

export type Positional = { name: string; help: string; optional?: true; many?: true; choices?: readonly string[]; file?: true };

/** One row of the one table: parsing, usage, help, completion and the guide are made of it. */
export type Command = {
  /** `nodes ls` */
  name: string;
  group: (typeof GROUPS)[number];
  /** one line, begins with a verb, no full stop */
  summary: string;
  /** what somebody has to know before they type it; one sentence or paragraph each */
  about: readonly string[];
  takes: readonly Positional[];
  options: Readonly<Record<string, Option>>;
  examples: readonly { line: string; does: string }[];
  exits: Partial<Record<ExitCode, string>>;
  /** `tables`: a table on a terminal and JSON elsewhere; `said`: words, and JSON when it is asked for; `words`: words alone */
  output: 'tables' | 'said' | 'words';
  /** asks a console, so it needs its address and a token */
  asks?: true;
  /** its arguments are another program's */
  passes?: true;
  run: (call: Call) => Answer | Promise<Answer>;
};

/** The outside, as a command sees it. */
export type Io = {
  /** to the standard output at once */
  say: (line: string) => void;
  /** progress: to the standard error at once */
  note: (line: string) => void;
  /** the one line at the bottom of a terminal that is written over; nothing where there is none */
  status: (line: string | null) => void;
  /** of the standard output */
  terminal: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** ends early when `interrupted` does */
  sleep: (ms: number) => Promise<void>;
  now: () => number;
  /** Ctrl-C, for who wants to end with words; null: it ends the program */
  interrupted: AbortSignal;
};

/** What was asked, by the table's names. */
export type Call = Io & {
  args: readonly string[];
  flag: (name: string) => boolean;
  /** the last one given */
  value: (name: string) => string | undefined;
  values: (name: string) => readonly string[];
  /** JSON is wanted, by flag or because nobody reads along */
  json: boolean;
};

/** The command was asked for something that it cannot make sense of; its usage is shown with it. */
export class AskedWrongly extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AskedWrongly';
  }
}
export const isAskedWrongly = (error: unknown): error is AskedWrongly => error instanceof Error && error.name === 'AskedWrongly';

/** A whole number of an option, or undefined where it was not given. */
export function wholeNumber(call: Pick<Call, 'value'>, name: string): number | undefined {
  const text = call.value(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new AskedWrongly(`--${name} is "${text}": it should be a whole number`);
  return Number(text);
}

/** `key=value`, as often as they were given. */
export function pairs(call: Pick<Call, 'values'>, name: string): [key: string, value: string][] {
  return call.values(name).map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new AskedWrongly(`--${name} is "${text}": it should be KEY=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
}
