import type { Command } from './command.ts';
import { optionsOf } from './parse.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script for the shell, made of the table: the words that may follow each other, and each command's options with their choices. */
export function completion(shell: Shell, commands: readonly Command[]): string {
  if (shell === 'fish') return fish(commands);
  return shell === 'bash' ? `${bash(commands)}complete -F _headroom headroom` : zsh(commands);
}

const nounsOf = (commands: readonly Command[]): string[] => [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
const verbsOf = (commands: readonly Command[], noun: string): string[] =>
  commands.flatMap(({ name }) => (name.startsWith(`${noun} `) ? [name.slice(noun.length + 1)] : []));
const withVerbs = (commands: readonly Command[]): string[] => nounsOf(commands).filter((noun) => verbsOf(commands, noun).length > 0);

function bash(commands: readonly Command[]): string {
  const nouns = nounsOf(commands).join(' ');
  const values = commands.flatMap((command) =>
    Object.entries(optionsOf(command)).flatMap(([option, { value, choices }]) =>
      value === undefined
        ? []
        : [
            `    "${command.name} --${option}") ${choices ? `words="${choices.join(' ')}"` : 'COMPREPLY=($(compgen -f -- "$now")); return'} ;;`,
          ],
    ),
  );
  const words = commands.map((command) => {
    const choices = command.takes.flatMap((positional) => positional.choices ?? []);
    const options = Object.keys(optionsOf(command)).map((option) => `--${option}`);
    return `    "${command.name}") words="${[...options, ...choices].join(' ')}"; files=${command.takes.some(({ file }) => file) ? 1 : 0} ;;`;
  });
  return `_headroom() {
  local now=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} noun=\${COMP_WORDS[1]} verb=\${COMP_WORDS[2]} words="" files=0 command
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${nouns}" -- "$now")); return; fi
  case "$noun" in
${withVerbs(commands)
  .map(
    (noun) =>
      `    ${noun}) command="$noun $verb"; if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "${verbsOf(commands, noun).join(' ')}" -- "$now")); return; fi ;;`,
  )
  .join('\n')}
    help) COMPREPLY=($(compgen -W "${nouns}" -- "$now")); return ;;
    *) command="$noun" ;;
  esac
  case "$command $before" in
${values.join('\n')}
    *) case "$command" in
${words.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$now"))
  if [ "$files" = 1 ] && [ "\${now#-}" = "$now" ]; then COMPREPLY+=($(compgen -f -- "$now")); fi
}
`;
}

const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;
const brackets = (text: string): string => text.replace(/[[\]:]/g, ' ');

function zsh(commands: readonly Command[]): string {
  const described = (names: readonly string[], about: (name: string) => string): string =>
    names.map((name) => quoted(`${name}:${brackets(about(name))}`)).join(' ');
  const summary = (name: string): string => commands.find((c) => c.name === name)?.summary ?? `${verbsOf(commands, name).join(', ')}`;
  const cases = commands.map((command) => {
    const options = Object.entries(optionsOf(command)).map(([option, { value, help, choices, many }]) => {
      const takes = value === undefined ? '' : `:${brackets(value)}:${choices ? `(${choices.join(' ')})` : '_files'}`;
      return quoted(`${many ? '*' : ''}--${option}[${brackets(help)}]${takes}`);
    });
    const takes = command.takes.map((p) =>
      quoted(`${p.many ? '*' : ''}:${p.name}:${p.choices ? `(${p.choices.join(' ')})` : p.file ? '_files' : ' '}`),
    );
    return `    ${quoted(command.name)}) _arguments ${[...options, ...takes].join(' ')} ;;`;
  });
  const verbs = withVerbs(commands).map(
    (
      noun,
    ) => `    ${noun}) if (( CURRENT == 3 )); then local -a verbs=(${described(verbsOf(commands, noun), (verb) => summary(`${noun} ${verb}`))}); _describe verb verbs; return; fi
      command="$words[2] $words[3]"; skip=2 ;;`,
  );
  return `#compdef headroom
_headroom() {
  local command=$words[2] skip=1
  if (( CURRENT == 2 )); then local -a nouns=(${described(nounsOf(commands), summary)}); _describe command nouns; return; fi
  case $words[2] in
${verbs.join('\n')}
  esac
  words=("headroom" "\${(@)words[skip+2,-1]}"); (( CURRENT -= skip ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _headroom headroom`;
}

function fish(commands: readonly Command[]): string {
  const lines = ['complete -c headroom -f'];
  for (const noun of nounsOf(commands)) {
    const verbs = verbsOf(commands, noun);
    const summary = commands.find(({ name }) => name === noun)?.summary ?? verbs.join(', ');
    lines.push(`complete -c headroom -n __fish_use_subcommand -a ${noun} -d ${quoted(summary)}`);
    for (const verb of verbs) {
      const about = commands.find(({ name }) => name === `${noun} ${verb}`)?.summary ?? '';
      const open = `__fish_seen_subcommand_from ${noun}; and not __fish_seen_subcommand_from ${verbs.join(' ')}`;
      lines.push(`complete -c headroom -n ${quoted(open)} -a ${verb} -d ${quoted(about)}`);
    }
  }
  for (const command of commands) {
    const when = quoted(
      command.name
        .split(' ')
        .map((word) => `__fish_seen_subcommand_from ${word}`)
        .join('; and '),
    );
    for (const [option, { value, help, choices }] of Object.entries(optionsOf(command))) {
      const takes = value === undefined ? '' : choices ? ` -x -a ${quoted(choices.join(' '))}` : ' -r -F';
      lines.push(`complete -c headroom -n ${when} -l ${option}${takes} -d ${quoted(help)}`);
    }
    for (const { choices, file } of command.takes) {
      if (choices) lines.push(`complete -c headroom -n ${when} -a ${quoted(choices.join(' '))}`);
      if (file) lines.push(`complete -c headroom -n ${when} -F`);
    }
  }
  return lines.join('\n');
}
