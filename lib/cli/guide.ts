import { EXIT_CODES } from './answer.ts';
import { type Command, GROUPS } from './command.ts';
import { COMMANDS } from './commands.ts';
import { exitsOf, flagOf, usageOf, wordsOf } from './help.ts';

const HEAD = `# The command line

\`headroom\` does in a terminal and in scripts what the pages do, through the same API, with the same rights and the same audit. In the project it is
\`npx headroom\`; on a machine that is installed as [Operating the console](operations.md) says, \`headroom\`. \`headroom help COMMAND\` says what stands here.

\`\`\`sh
export HEADROOM_URL=https://headroom.example     # the console
export HEADROOM_TOKEN=hr_…                       # an API token of it: Settings, Tokens; its role is what you may do
headroom nodes ls                                # who dies first?
headroom runs start fd-leak name=edge-03 --watch # try the fix on one node, and wait for the verdict
\`\`\`

A terminal shows tables; where none is, in a pipe or a script, the same commands write JSON as the API has it. \`--json\` and \`--text\` say which. Progress and
complaints go to the standard error. A complaint has the problem's words, its code (see [Troubleshooting](troubleshooting.md)) and what to do.
Ctrl-C on a watched run ends the watching alone.

## Exit codes

| code | means |
|---|---|
${EXIT_CODES.map(({ code, means }) => `| ${code} | ${means} |`).join('\n')}
`;

/** docs/cli.md, from the table. */
export const cliGuide = (): string => `${HEAD}${GROUPS.map(groupOf).join('')}`;

const groupOf = (group: string): string =>
  `\n## ${group}\n${COMMANDS.filter((command) => command.group === group)
    .map(sectionOf)
    .join('')}`;

function sectionOf(command: Command): string {
  const own = Object.entries(command.options);
  const takes = command.takes.map((p) => `| \`${p.name}\` | ${cell(p.choices ? `${p.help}: ${p.choices.join(', ')}` : p.help)} |`);
  const options = own.map((entry) => `| \`${flagOf(entry)}\` | ${cell(wordsOf(entry[1]))} |`);
  const rows = [...takes, ...options];
  const exits = EXIT_CODES.flatMap(({ code }) => (exitsOf(command)[code] === undefined ? [] : [`${code} ${exitsOf(command)[code]}`]));
  return `
### ${command.name}

${[`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`, ...command.about].join(' ')}

\`\`\`sh
# usage: ${usageOf(command)}
${command.examples.map(({ line, does }) => `${line}   # ${does}`).join('\n')}
\`\`\`
${rows.length === 0 ? '' : `\n| | |\n|---|---|\n${rows.join('\n')}\n`}
Exit codes: ${exits.join('; ')}.
`;
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/</g, '&lt;');
