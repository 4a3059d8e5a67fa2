import { type Answer, toCount } from './answer.ts';
import { processStart } from './probe.ts';

/** A look at every fd of a process, as the node grouped it: names and addresses are still the kernel's. */
export type RawLook = {
  nodeClockMs: number;
  pid: number;
  comm: string | null;
  processStartMs: number | null;
  fdSoftLimit: number | null;
  littleEndian: boolean;
  openFds: number;
  groups: RawGroup[];
  /** sockets and pipes whose numbers did not fit into the answer */
  idsCut: number;
  /** CPU time of the look on the node */
  cpuMs: number | null;
};

export type RawGroup = {
  count: number;
  kind: string;
  state: string;
  local: string;
  /** `*`: all peers that have no group of their own */
  peer: string;
  examples: { fd: number; id: number; local: string; remote: string }[];
  /** kernel numbers of its sockets or pipes; a number is given once and names the same thing as long as it is open */
  ids: number[];
};

/** `none`: the unit has no process. `restarted`: it was replaced during the look. `denied`: its fds may not be read. */
export type RawXray = { look: RawLook } | { problem: 'none' | 'restarted' | 'denied' };

export function parseXray(answer: Answer): RawXray | null {
  const nodeClockMs = toCount(answer.first('now'));
  if (nodeClockMs === null) return null;
  if (answer.first('denied') === '1') return { problem: 'denied' };
  const pid = toCount(answer.first('pid'));
  const [before, after] = answer.all('start');
  if (!pid || before === undefined) return { problem: 'none' };
  if (before !== after) return { problem: 'restarted' };
  const groups = answer.all('g').map(parseGroup);
  const openFds = toCount(answer.first('total'));
  if (openFds === null || !groups.every((group) => group !== null)) return null;
  if (groups.reduce((sum, { count }) => sum + count, 0) !== openFds) return null;
  for (const line of answer.all('e')) addExample(groups, line);
  for (const line of answer.all('i')) addIds(groups, line);
  return {
    look: {
      ...{ nodeClockMs, pid, openFds, groups },
      comm: answer.first('comm') || null,
      processStartMs: processStart(answer),
      fdSoftLimit: toCount(answer.first('limit')),
      littleEndian: answer.first('endian') !== '256',
      idsCut: toCount(answer.first('idscut')) ?? 0,
      cpuMs: cpuOf(answer.rest.toString('utf8')),
    },
  };
}

/** count, kind, state, local, peer; a peer that is a path may hold spaces */
function parseGroup(line: string): RawGroup | null {
  const [, count, kind, state, local, peer] = /^(\d{1,9}) ([a-z]+) ([0-9A-Z]+|deleted|-) ([0-9A-F:]+|[-*]) (.{1,800})$/.exec(line) ?? [];
  if (kind === undefined || state === undefined || local === undefined || peer === undefined) return null;
  return { count: Number(count), kind, state, local, peer, examples: [], ids: [] };
}

function addExample(groups: RawGroup[], line: string): void {
  const [, group, fd, id, local, remote] = /^(\d+) (\d+) (\d*) (\S+) (\S+)$/.exec(line) ?? [];
  if (local === undefined || remote === undefined) return;
  groups[Number(group)]?.examples.push({ fd: Number(fd), id: Number(id), local, remote });
}

/** group, first number, differences */
function addIds(groups: RawGroup[], line: string): void {
  const [group = '', ...steps] = line.split(' ');
  const ids = groups[Number(group)]?.ids;
  if (!ids || !steps.every((step) => /^\d{1,10}$/.test(step))) return;
  let id = 0;
  for (const step of steps) {
    id += Number(step);
    ids.push(id);
  }
}

/** The second line of times(1): user and system time of what the shell started. */
function cpuOf(times: string): number | null {
  const parts = [...(times.split('\n', 2)[1] ?? '').slice(0, 100).matchAll(/(\d{1,9})m([\d.]{1,9})s/g)];
  if (parts.length !== 2) return null;
  return Math.round(parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0));
}
