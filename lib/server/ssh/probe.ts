import { type Answer, toCount, toMoment } from './answer.ts';

/** What one look at a node says about its service, process and sockets. Null: not known, or nothing runs. */
export type Probe = {
  nodeClockMs: number;
  mainPid: number | null;
  activeState: string;
  subState: string;
  nRestarts: number;
  /** its unit says how it reloads */
  canReload: boolean;
  processStartMs: number | null;
  openFds: number | null;
  /** the process's soft limit; what the unit asks for may have been clamped */
  fdSoftLimit: number | null;
  /** up to which its owner may raise that; null also where the node's helper is older than this question */
  fdHardLimit: number | null;
  /** whether who looked may raise it beyond that, as prlimit(2) asks: CAP_SYS_RESOURCE in the first user namespace; null: not known */
  mayRaiseHard: boolean | null;
  /** fs.nr_open, above which nobody may raise it (proc_sys_fs(5)) */
  kernelLimit: number | null;
  comm: string | null;
  listeners: { address: string; port: number; pid: number | null }[];
  /** the process's sockets by TCP state, as `ss` names them */
  socketStates: Record<string, number>;
  configSha256: string | null;
};

export function parseProbe(answer: Answer): Probe | null {
  const nodeClockMs = toCount(answer.first('now'));
  if (nodeClockMs === null) return null;
  const mainPid = toCount(answer.first('MainPID'));
  const sha = answer.first('sha');
  return {
    nodeClockMs,
    mainPid: mainPid === 0 ? null : mainPid,
    activeState: answer.first('ActiveState') ?? 'unknown',
    subState: answer.first('SubState') ?? 'unknown',
    nRestarts: toCount(answer.first('NRestarts')) ?? 0,
    canReload: answer.first('CanReload') === 'yes',
    processStartMs: processStart(answer),
    openFds: toCount(answer.first('fds')),
    fdSoftLimit: toCount(answer.first('limit')),
    fdHardLimit: answer.first('hard') === 'unlimited' ? Number.MAX_SAFE_INTEGER : toCount(answer.first('hard')),
    mayRaiseHard: mayRaiseHard(answer),
    kernelLimit: toCount(answer.first('nropen')),
    comm: answer.first('comm') || null,
    listeners: answer.all('listener').flatMap(parseListener),
    socketStates: Object.fromEntries(answer.all('socket').flatMap(parseState)),
    configSha256: sha !== undefined && /^[0-9a-f]{64}$/.test(sha) ? sha : null,
  };
}

/** Field 22 of /proc/PID/stat in ticks after boot. The command name in field 2 may hold spaces and brackets. */
export function processStart(answer: Answer): number | null {
  const stat = answer.first('stat');
  const [hz, boot] = [toCount(answer.first('hz')), toCount(answer.first('btime'))];
  if (!stat || !hz || boot === null) return null;
  const ticks = toCount(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return ticks === null ? null : toMoment(boot * 1000 + Math.round((ticks * 1000) / hz));
}

/** capabilities(7), linux/capability.h */
const CAP_SYS_RESOURCE = 24n;

/** A capability inside another user namespace, as in a rootless container, is none over a hard limit (user_namespaces(7)). */
function mayRaiseHard(answer: Answer): boolean | null {
  const [caps, map] = [answer.first('capeff'), answer.first('uidmap')];
  if (caps === undefined || map === undefined || !/^[0-9a-f]{1,16}$/.test(caps)) return null;
  return ((BigInt(`0x${caps}`) >> CAP_SYS_RESOURCE) & 1n) === 1n && /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function parseListener(line: string): Probe['listeners'] {
  const [local = '', pid] = line.split(' ');
  const colon = local.lastIndexOf(':');
  const port = toCount(local.slice(colon + 1));
  return port === null ? [] : [{ address: local.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port, pid: toCount(pid) }];
}

function parseState(line: string): [string, number][] {
  const [state, count] = line.split(' ');
  const n = toCount(count);
  return state && n !== null ? [[state, n]] : [];
}
