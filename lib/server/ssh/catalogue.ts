import { quoteAll } from './quote.ts';
import { CHECK } from './scripts/check.ts';
import { BACKUP_CONFIG, READ_CONFIG, VALIDATE_CONFIG, WRITE_CONFIG } from './scripts/config-file.ts';
import { SET_LIMIT } from './scripts/limit.ts';
import { AS_ROOT } from './scripts/prelude.ts';
import { CLOCK_ONLY, FETCH, FOLLOW, JOURNAL, PROBE } from './scripts/probe.ts';
import { REVERT, revertProgram, revertTimer } from './scripts/revert.ts';
import { SERVICE } from './scripts/service.ts';
import { XRAY, XRAY_PROGRAMS } from './scripts/xray.ts';

// Every command that is ever run on a node. `exec` takes nothing else.

const MIB = 1024 * 1024;
const made = new WeakSet<Command>();
declare const catalogued: unique symbol;

export type Command = {
  readonly [catalogued]?: true;
  readonly name: string;
  /** what is sent to the node: one word list, quoted */
  readonly text: string;
  /** the same for people, in evidence and logs */
  readonly readable: string;
  readonly stdin: Buffer | null;
  /** bound of the whole command when the caller names none */
  readonly timeoutMs: number;
  readonly maxStdout: number;
  /** output is handed on as it comes and not kept */
  readonly follows: boolean;
};

export const isCatalogued = (command: Command): boolean => made.has(command);

type Details = { name: string; readable: string; stdin?: Buffer; timeoutMs?: number; maxStdout?: number; follows?: boolean };

function command(words: readonly string[], details: Details): Command {
  const value: Command = Object.freeze({
    text: quoteAll(words),
    stdin: null,
    timeoutMs: 10_000,
    maxStdout: MIB,
    follows: false,
    ...details,
  });
  made.add(value);
  return value;
}

const look = (script: string, args: readonly string[], details: Details) =>
  command(['/bin/sh', '-c', script, 'headroom', ...args], details);
const act = (script: string, args: readonly string[], details: Details) =>
  command(['/bin/sh', '-c', AS_ROOT, 'headroom', script, ...args], details);

const RUN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const UNIT = /^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]{0,127}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const checked = (what: string, pattern: RegExp, value: string): string => {
  if (!pattern.test(value)) throw new Error(`${what} is ${JSON.stringify(value.slice(0, 80))}: it must match ${pattern}`);
  return value;
};
const whole = (value: number): string => checked('a number', /^\d{1,16}$/, String(Math.round(value)));
const unit = (value: string) => checked('a unit', UNIT, value);
const absolute = (value: string) => checked('a path', /^\/[^\0\n\r]*$/, value);

export const dirOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
export const stateDirOf = (configPath: string, runId: string): string =>
  `${dirOf(absolute(configPath)).replace(/\/$/, '')}/.headroom/${checked('a run id', RUN_ID, runId)}`;

/** `notAfter`: node time in ms after which the command refuses itself (exit 75). */
type Acting = { configPath: string; runId: string; notAfter: number };

export const catalogue = {
  clock: () => look(CLOCK_ONLY, [], { name: 'clock', readable: 'date' }),
  probe: (o: { unit: string; configPath: string; sockets: boolean }) =>
    look(PROBE, [unit(o.unit), absolute(o.configPath), o.sockets ? 'sockets' : ''], {
      name: 'probe',
      readable: `systemctl show ${o.unit}; ls /proc/$MainPID/fd | wc -l; grep 'open files' /proc/$MainPID/limits; ${o.sockets ? 'ss -tanp; ' : ''}sha256sum ${o.configPath}`,
    }),
  /** every fd of the service's process, classed and counted on the node */
  xray: (o: { unit: string }) =>
    look(XRAY, [unit(o.unit), ...XRAY_PROGRAMS], {
      name: 'xray',
      readable: `systemctl show -p MainPID ${o.unit}; ls -ln /proc/$MainPID/fd; cat /proc/$MainPID/net/{tcp,tcp6,udp,udp6,unix}`,
      maxStdout: MIB / 4,
    }),
  check: (o: { unit: string; configPath: string }) =>
    look(CHECK, [unit(o.unit), absolute(o.configPath)], { name: 'check', readable: `id; sudo -n true; systemctl show ${o.unit}` }),
  readConfig: (o: { configPath: string }) =>
    look(READ_CONFIG, [absolute(o.configPath), whole(MIB)], {
      name: 'read-config',
      readable: `cat ${o.configPath}`,
      maxStdout: MIB + 4096,
    }),
  backupConfig: (o: Acting & { expectedSha256: string }) => {
    const dir = stateDirOf(o.configPath, o.runId);
    return act(BACKUP_CONFIG, [whole(o.notAfter), dir, o.configPath, checked('a sha256', SHA256, o.expectedSha256)], {
      name: 'backup-config',
      readable: `cp -p ${o.configPath} ${dir}/config.yaml`,
    });
  },
  writeConfig: (o: Acting & { bytes: Buffer; sha256: string; expectedSha256: string }) =>
    act(
      WRITE_CONFIG,
      [
        whole(o.notAfter),
        stateDirOf(o.configPath, o.runId),
        o.configPath,
        checked('a sha256', SHA256, o.expectedSha256),
        checked('a sha256', SHA256, o.sha256),
      ],
      {
        name: 'write-config',
        readable: `[ "$(sha256sum < ${o.configPath})" = ${o.expectedSha256.slice(0, 12)}… ] && cat > temporary && sync temporary && mv temporary ${o.configPath}`,
        stdin: o.bytes,
      },
    ),
  validateConfig: (o: { configPath: string }) =>
    look(VALIDATE_CONFIG, [absolute(o.configPath)], { name: 'validate-config', readable: `sniproxy-server -t -c ${o.configPath}` }),
  service: (o: Acting & { unit: string; mode: 'restart' | 'reload' }) =>
    act(SERVICE, [whole(o.notAfter), stateDirOf(o.configPath, o.runId), unit(o.unit), o.mode], {
      name: o.mode,
      readable: `systemctl ${o.mode} ${o.unit}`,
      timeoutMs: 120_000,
    }),
  setLimit: (o: Acting & { unit: string; pid: number; limit: number }) =>
    act(SET_LIMIT, [whole(o.notAfter), stateDirOf(o.configPath, o.runId), unit(o.unit), whole(o.pid), whole(o.limit)], {
      name: 'set-limit',
      readable: `prlimit --pid ${o.pid} --nofile=${o.limit}:`,
    }),
  revert: (o: Acting & { unit: string; operation: 'arm' | 'extend' | 'disarm' | 'state'; seconds: number }) => {
    const dir = stateDirOf(o.configPath, o.runId);
    const timer = revertTimer(o.runId);
    // systemd would read $ in the timer's command line as a variable
    if (/[$%]/.test(dir) && o.operation === 'arm') throw new Error(`${dir} holds a $ or %, which a timer's command line cannot`);
    const program = o.operation === 'arm' ? revertProgram({ stateDir: dir, configPath: o.configPath, unit: unit(o.unit), timer }) : '';
    return act(REVERT, [whole(o.notAfter), dir, timer, o.operation, whole(o.seconds), program], {
      name: `${o.operation}-revert`,
      readable: {
        arm: `echo $(($(date +%s) + ${o.seconds})) > ${dir}/deadline; systemd-run --unit=${timer} --on-active=5 --on-unit-active=5 /bin/sh ${dir}/revert.sh`,
        extend: `echo $(($(date +%s) + ${o.seconds})) > ${dir}/deadline`,
        disarm: `mv ${dir}/deadline ${dir}/disarmed; systemctl stop ${timer}.timer`,
        state: `cat ${dir}/deadline`,
      }[o.operation],
    });
  },
  journal: (o: { unit: string; sinceSeconds: number; lines: number }) =>
    look(JOURNAL, [unit(o.unit), whole(o.sinceSeconds), whole(o.lines)], {
      name: 'journal',
      readable: `journalctl -u ${o.unit} --since @${Math.round(o.sinceSeconds)} -n ${o.lines} --no-pager -o short-iso`,
    }),
  follow: (o: { unit: string; lines: number }) =>
    look(FOLLOW, [unit(o.unit), whole(o.lines)], {
      name: 'follow',
      readable: `journalctl -u ${o.unit} -n ${o.lines} --no-pager -o short-iso -f`,
      timeoutMs: 3_600_000,
      follows: true,
    }),
  /** the node's own metrics page where it does not let us forward a connection */
  fetchMetrics: (o: { url: string }) =>
    look(FETCH, [checked('a URL', /^http:\/\/[^\s]{1,2048}$/, o.url)], {
      name: 'fetch-metrics',
      readable: `curl -sS ${o.url}`,
      maxStdout: 4 * MIB,
    }),
} as const;
