import { parseCsv } from './csv.ts';
import { createProblems, type Found, linesOf, MOST_HOSTS, type Parsed, shown, splitWords, toPort } from './parsed.ts';
import { parseSshConfig } from './ssh-config.ts';

/** What ssh(1) takes without a value, and what it takes with one and the console has no use for. */
const BARE_FLAGS = /^-[46AaCfGgKkMNnqsTtVvXxYy]+$/;
const VALUE_FLAGS = /^-[BbcDEeFIiLmOQRSWw]$/;
const DESTINATION = /^(?:([^@\s]+)@)?(?:\[([0-9A-Fa-f:]+)\]|([^:@\s[\]/]+)|([0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*))(?::([^:\s/]*))?$/;

type Draft = { destination: string | null; user?: string; port?: string; jump?: string; unused: string[]; wrong: string | null };

/**
 * What people have at hand: a block of ssh_config, CSV with a head line, or a line per host, `ssh -p 2222 ops@edge-01`, `ops@edge-01`, `edge-01:2222`.
 * Which of the three is told by the text itself.
 */
export function parsePaste(text: string): Parsed {
  const lines = linesOf(text);
  if (lines.some((line) => /^\s*(?:host|match)\s*[\s=]\s*[^\s,;]/i.test(line))) return parseSshConfig(text);
  const first = lines.find((line) => line.trim() !== '') ?? '';
  if (/(?:^|[,;\t])\s*"?(?:name|node)"?\s*(?:[,;\t]|$)/i.test(first) && /[,;\t]/.test(first)) return parseCsv(text);
  return parseLines(lines);
}

function parseLines(lines: readonly string[]): Parsed {
  const problems = createProblems();
  const found: Found[] = [];
  const names = new Set<string>();
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const words = splitWords(raw.trim().replace(/^[$#>]\s+(?=\S*ssh\s)/, ''), true);
    if (words === null) problems.error(line, 'has a quote that is not closed: the line is not used');
    if (!words || words.length === 0) continue;
    if (found.length >= MOST_HOSTS) {
      problems.error(line, `there are more than ${MOST_HOSTS} hosts: split the list`);
      break;
    }
    const draft = /^(?:\/\S*\/)?ssh$/.test(words[0] ?? '') ? sshCommand(words.slice(1)) : plain(words);
    const node = draft.wrong === null ? toNode(draft, line, names) : draft.wrong;
    if (typeof node === 'string') problems.error(line, node);
    else {
      if (draft.unused.length > 0)
        problems.note(line, `${draft.unused.join(' ')} is not taken over: set it for the console itself where it is needed`);
      names.add(node.name);
      found.push(node);
    }
  }
  return { found, problems: problems.list };
}

function plain(words: readonly string[]): Draft {
  const [destination = null] = words;
  const wrong =
    words.length > 1
      ? `${shown(words.join(' '))} is more than one word: a line should be like ops@edge-01:2222 or ssh -p 2222 ops@edge-01`
      : null;
  return { destination, unused: [], wrong };
}

/** The arguments of ssh; a command after the destination is not run and not kept. */
function sshCommand(words: readonly string[]): Draft {
  const draft: Draft = { destination: null, unused: [], wrong: null };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) {
      if (draft.destination !== null) {
        draft.unused.push(`the command ${shown(words.slice(at).join(' '))}`);
        break;
      }
      draft.destination = word;
      continue;
    }
    const joined = /^-([plJo])(.+)$/.exec(word);
    const flag = joined?.[1] ?? /^-([plJo])$/.exec(word)?.[1];
    if (flag !== undefined) {
      const value = joined?.[2] ?? words[++at];
      if (value === undefined) return { ...draft, wrong: `-${flag} has no value after it` };
      if (flag === 'o') option(draft, value);
      else if (flag === 'p') draft.port = value;
      else if (flag === 'l') draft.user = value;
      else draft.jump = value;
    } else if (VALUE_FLAGS.test(word)) draft.unused.push(`${word} ${words[++at] ?? ''}`.trim());
    else if (!BARE_FLAGS.test(word)) return { ...draft, wrong: `${shown(word)} is no option of ssh that is known here: leave it out` };
  }
  return draft.destination === null ? { ...draft, wrong: 'names no host: it should be like ssh -p 2222 ops@edge-01' } : draft;
}

function option(draft: Draft, text: string): void {
  const [, key = '', value = ''] = /^([A-Za-z]+)\s*[=\s]\s*(.*)$/.exec(text) ?? [];
  if (/^port$/i.test(key)) draft.port ??= value;
  else if (/^user$/i.test(key)) draft.user ??= value;
  else if (/^proxyjump$/i.test(key)) draft.jump ??= value;
  else draft.unused.push(`-o ${text}`);
}

function toNode(draft: Draft, line: number, names: ReadonlySet<string>): Found | string {
  const match = DESTINATION.exec((draft.destination ?? '').replace(/^ssh:\/\//i, '').replace(/\/$/, ''));
  const host = match?.[2] ?? match?.[3] ?? match?.[4];
  if (!match || host === undefined) return `${shown(draft.destination ?? '')} is no host: it should be like ops@edge-01:2222`;
  const user = match[1] ?? draft.user;
  const portText = match[5] ?? draft.port;
  const sshPort = portText === undefined ? undefined : toPort(portText);
  if (portText !== undefined && sshPort === undefined) return `the port is ${shown(portText)}: it should be 1 to 65535`;
  const short = host
    .toLowerCase()
    .replaceAll(':', '-')
    .replace(/^-+|-+$/g, '');
  // several services behind one address, told apart by their ports
  const name = names.has(short) && sshPort !== undefined ? `${short}-${sshPort}` : short;
  return {
    ...{ line, name, host, labels: {} },
    ...(user !== undefined && { user }),
    ...(sshPort !== undefined && { sshPort }),
    ...(draft.jump !== undefined && { proxyJump: draft.jump }),
  };
}
