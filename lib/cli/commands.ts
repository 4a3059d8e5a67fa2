import { good, wrong } from './answer.ts';
import type { Command } from './command.ts';
import { completion, SHELLS } from './completion.ts';
import { DATA_COMMANDS } from './data-commands.ts';
import { FLEET_COMMANDS } from './fleet-commands.ts';
import { helpOf, overview } from './help.ts';
import { INCIDENT_COMMANDS } from './incidents.ts';
import { NODE_COMMANDS } from './nodes.ts';
import { findCommand } from './parse.ts';
import { PROGRAM_COMMANDS } from './programs.ts';
import { PROOF_COMMANDS } from './proof.ts';
import { RUN_COMMANDS } from './run-commands.ts';

const OWN: readonly Command[] = [
  {
    name: 'help',
    group: 'This command line',
    summary: 'say what there is, or all about one command, with examples',
    about: [],
    takes: [{ name: 'COMMAND', help: 'one of them, like runs start; all unless said', optional: true, many: true }],
    options: {},
    examples: [{ line: 'headroom help runs start', does: 'what does it take?' }],
    exits: { 2: 'there is no such command' },
    output: 'words',
    run: ({ args }) => {
      const found = findCommand(COMMANDS, args);
      if (found) return good(...helpOf(found.command));
      if (args[0] === undefined) return good(...overview(COMMANDS));
      if (isNoun(args[0])) return good(...overview(COMMANDS, args[0]));
      return wrong(`headroom: there is no command "${args.join(' ')}"`, ...overview(COMMANDS));
    },
  },
  {
    name: 'completion',
    group: 'This command line',
    summary: 'print what makes a shell complete these commands',
    about: ['Load it once to try it, and from the shell’s start file to keep it.'],
    takes: [{ name: 'SHELL', help: 'which one', choices: SHELLS }],
    options: {},
    examples: [
      { line: 'source <(headroom completion bash)', does: 'bash, this shell; put it into ~/.bashrc to keep it' },
      { line: 'source <(headroom completion zsh)', does: 'zsh, after compinit; put it into ~/.zshrc to keep it' },
      { line: 'headroom completion fish > ~/.config/fish/completions/headroom.fish', does: 'fish' },
    ],
    exits: {},
    output: 'words',
    run: ({ args }) => {
      const shell = SHELLS.find((known) => known === args[0]);
      return shell
        ? good(completion(shell, COMMANDS))
        : wrong(`headroom completion: SHELL is "${args[0]}": it should be one of ${SHELLS.join(', ')}`);
    },
  },
];

/** The one table. */
export const COMMANDS: readonly Command[] = [
  ...PROGRAM_COMMANDS,
  ...NODE_COMMANDS,
  ...RUN_COMMANDS,
  ...INCIDENT_COMMANDS,
  ...FLEET_COMMANDS,
  ...PROOF_COMMANDS,
  ...DATA_COMMANDS,
  ...OWN,
];

export const isNoun = (word: string): boolean => COMMANDS.some(({ name }) => name.startsWith(`${word} `));
