import { EXIT_CODES } from './answer.ts';
import { type Command, GROUPS, type Option } from './command.ts';
import { optionsOf } from './parse.ts';
import { columns } from './table.ts';

const place = ({ name, optional, many }: Command['takes'][number]): string => {
  const text = many ? `${name}…` : name;
  return optional ? `[${text}]` : text;
};
/** `-f, --file FILE` */
export const flagOf = ([name, { value, short }]: [string, Option]): string =>
  `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;

/** `headroom nodes add NAME --host HOST --user USER [OPTIONS]` */
export const usageOf = (command: Command): string =>
  [
    'headroom',
    command.name,
    ...command.takes.map(place),
    ...Object.entries(command.options).flatMap(([name, { needed, value }]) => (needed ? [`--${name} ${value}`] : [])),
    command.passes ? '[…]' : '[OPTIONS]',
  ].join(' ');

/** All that is known of one command. */
export function helpOf(command: Command): string[] {
  const options = Object.entries(optionsOf(command));
  const codes = EXIT_CODES.flatMap(({ code, means }) =>
    exitsOf(command)[code] === undefined ? [] : [[`${code}`, exitsOf(command)[code] ?? means]],
  );
  return [
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    '',
    `usage: ${usageOf(command)}`,
    ...block(
      '',
      command.about.map((text) => [text]),
    ),
    ...block(
      'Takes',
      command.takes.map((p) => [p.name, p.choices ? `${p.help}: ${p.choices.join(', ')}` : p.help]),
    ),
    ...block(
      'Options',
      options.map((entry) => [flagOf(entry), wordsOf(entry[1])]),
    ),
    ...block(
      'Examples',
      command.examples.flatMap(({ line, does }) => [[`# ${does}`], [line]]),
    ),
    ...block('Exit codes', codes),
  ];
}

export const wordsOf = ({ help, choices, many }: Option): string =>
  `${help}${choices ? `: ${choices.join(', ')}` : ''}${many ? '; may be given more than once' : ''}`;

/** The command's own words for its codes, and those that all of its kind have. */
export function exitsOf(command: Command): Command['exits'] {
  const asks = command.asks ? { 4: 'the console does not answer, does not let this token do it, or cannot serve now' } : {};
  return { 0: 'good', ...(command.passes ? {} : { 2: 'not asked as above' }), ...asks, ...command.exits };
}

const block = (title: string, rows: readonly string[][]): string[] =>
  rows.length === 0
    ? []
    : ['', ...(title === '' ? [] : [`${title}:`]), ...columns(rows).map((line) => (title === '' ? line : `  ${line}`))];

/** What there is, by what people want; or the verbs of one noun. */
export function overview(commands: readonly Command[], noun?: string): string[] {
  const shown = noun === undefined ? commands : commands.filter(({ name }) => name.split(' ')[0] === noun);
  const rows = (group: string) => shown.filter((c) => c.group === group).map((c) => [[c.name, ...c.takes.map(place)].join(' '), c.summary]);
  const all = columns(GROUPS.flatMap(rows));
  let at = 0;
  const groups = GROUPS.flatMap((group) => {
    const lines = all.slice(at, at + rows(group).length);
    at += lines.length;
    return lines.length === 0 ? [] : ['', `${group}:`, ...lines.map((line) => `  ${line}`)];
  });
  if (noun !== undefined) return [`usage: headroom ${noun} VERB`, ...groups, '', `headroom help ${noun} VERB says more, with examples.`];
  return [
    'usage: headroom COMMAND',
    ...groups,
    '',
    'Those of nodes, runs and incidents, apply and export ask the console at HEADROOM_URL with the API token HEADROOM_TOKEN (Settings, Tokens);',
    'they show tables on a terminal and JSON elsewhere. The others work on this machine. headroom help COMMAND says more, with examples;',
    'headroom --version says which this is.',
    ...block(
      'Exit codes',
      EXIT_CODES.map(({ code, means }) => [`${code}`, means]),
    ),
  ];
}

/** The nearest command to a word that is none: one letter wrong, missing or too many. */
export function nearest(word: string, known: readonly string[]): string | null {
  const ranked = known.map((name) => ({ name, distance: distance(word, name) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.name : null;
}

/** Levenshtein's: how many letters are put in, taken out or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
