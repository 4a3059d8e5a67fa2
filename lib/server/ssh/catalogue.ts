import type { Drill } from '#contract/index.ts';
import { quoteAll } from './quote.ts';
import { CHECK } from './scripts/check.ts';
import { BACKUP_CONFIG, READ_CONFIG, VALIDATE_CONFIG, WRITE_CONFIG } from './scripts/config-file.ts';
import { DRILL } from './scripts/drill.ts';
import { HELPER_PATH } from './scripts/helper.ts';
import { HISTORY } from './scripts/history.ts';
import { INSTALL } from './scripts/install.ts';
import { SET_LIMIT } from './scripts/limit.ts';
import { ACT, AS_ROOT, LOOK } from './scripts/prelude.ts';
import { FETCH, FOLLOW, HELPER, JOURNAL, PROBE } from './scripts/probe.ts';
import { NO_RELEASE } from './scripts/release.ts';
import { DUE, REVERT, revertProgram, revertTimer, TRANSIENT_TIMER } from './scripts/revert.ts';
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
  /** verb and arguments of the helper that does the same on a prepared node; null where none is needed */
  readonly helper: readonly string[] | null;
};

export const isCatalogued = (command: Command): boolean => made.has(command);

type Details = {
  name: string;
  readable: string;
  stdin?: Buffer | null;
  timeoutMs?: number;
  maxStdout?: number;
  follows?: boolean;
  helper?: readonly string[];
};

function command(words: readonly string[], details: Details): Command {
  const value: Command = Object.freeze({
    text: quoteAll(words),
    stdin: null,
    timeoutMs: 10_000,
    maxStdout: MIB,
    follows: false,
    helper: null,
    ...details,
  });
  made.add(value);
  return value;
}

const look = (script: string, args: readonly string[], details: Details) =>
  command(['/bin/sh', '-c', `${LOOK}${script}`, 'headroom', ...args], details);
const act = (script: string, args: readonly string[], details: Details) =>
  command(['/bin/sh', '-c', AS_ROOT, 'headroom', `${ACT}${script}`, ...args], details);

/** How a prepared node's helper is run: by an account that is root, or by sudo. */
export type HelperBy = 'root' | 'sudo';

/** The same by the helper of a prepared node, whose sudo allows nothing else. */
export function byHelper(bare: Command, by: HelperBy, path: string): Command {
  if (bare.helper === null) return bare;
  const words = [...(by === 'sudo' ? ['sudo', '-n'] : []), path, ...bare.helper];
  const { text: _text, helper: _helper, ...details } = bare;
  const shown = [
    ...words.slice(0, -bare.helper.length),
    ...bare.helper.map((word) => (/^[\w./:@-]+$/.test(word) ? word : quoteAll([word]))),
  ];
  return command(words, { ...details, readable: `${shown.join(' ')}   # ${bare.readable}` });
}

const RUN_ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
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
type Acting = { unit: string; configPath: string; runId: string; notAfter: number };
type Service = { unit: string; configPath: string };
const service = (o: Service, verb: string, ...args: string[]): readonly string[] => [verb, unit(o.unit), absolute(o.configPath), ...args];
const acting = (o: Acting, verb: string, ...args: string[]): readonly string[] => service(o, verb, whole(o.notAfter), o.runId, ...args);

export const catalogue = {
  /** what the node's clock says, and whether it has a helper that this account may run for this service */
  hello: (o: Service & { helperPath: string }) =>
    look(HELPER, [absolute(o.helperPath), unit(o.unit), absolute(o.configPath)], {
      name: 'hello',
      readable: `date; sudo -n ${o.helperPath} version ${o.unit} ${o.configPath}`,
    }),
  probe: (o: Service & { sockets: boolean }) =>
    look(PROBE, [unit(o.unit), absolute(o.configPath), o.sockets ? 'sockets' : ''], {
      name: 'probe',
      readable: `systemctl show ${o.unit}; ls /proc/$MainPID/fd | wc -l; grep 'open files' /proc/$MainPID/limits; ${o.sockets ? 'ss -tanp; ' : ''}sha256sum ${o.configPath}`,
      helper: service(o, 'probe', o.sockets ? 'sockets' : 'fds'),
    }),
  /** every fd of the service's process, classed and counted on the node */
  xray: (o: Service) =>
    look(XRAY, [unit(o.unit), ...XRAY_PROGRAMS], {
      name: 'xray',
      readable: `systemctl show -p MainPID ${o.unit}; ls -ln /proc/$MainPID/fd; cat /proc/$MainPID/net/{tcp,tcp6,udp,udp6,unix}`,
      maxStdout: MIB / 4,
      helper: service(o, 'xray'),
    }),
  /** asks the helper itself, where there is one */
  check: (o: Service & { helperPath?: string }) =>
    look(CHECK, [absolute(o.helperPath ?? HELPER_PATH), unit(o.unit), absolute(o.configPath)], {
      name: 'check',
      readable: `id; sudo -n true; systemctl show ${o.unit}`,
    }),
  readConfig: (o: Service) =>
    look(READ_CONFIG, [absolute(o.configPath), whole(MIB)], {
      name: 'read-config',
      readable: `cat ${o.configPath}`,
      maxStdout: MIB + 4096,
      helper: service(o, 'read', whole(MIB)),
    }),
  /** the backup that a run keeps */
  readBackup: (o: Service & { runId: string }) => {
    const kept = `${stateDirOf(o.configPath, o.runId)}/config.yaml`;
    return look(READ_CONFIG, [kept, whole(MIB)], {
      name: 'read-backup',
      readable: `cat ${kept}`,
      maxStdout: MIB + 4096,
      helper: service(o, 'read-backup', o.runId, whole(MIB)),
    });
  },
  /** when and by whom the file was changed, as far as the node can tell, and the backups that it keeps */
  history: (o: Service) =>
    look(HISTORY, [absolute(o.configPath)], {
      name: 'history',
      readable: `stat ${o.configPath}; journalctl _COMM=sudo; sha256sum ${stateDirOf(o.configPath, 'r').slice(0, -1)}*/config.yaml`,
      helper: service(o, 'history'),
    }),
  backupConfig: (o: Acting & { expectedSha256: string }) => {
    const dir = stateDirOf(o.configPath, o.runId);
    return act(BACKUP_CONFIG, [whole(o.notAfter), dir, o.configPath, checked('a sha256', SHA256, o.expectedSha256)], {
      name: 'backup-config',
      readable: `cp -p ${o.configPath} ${dir}/config.yaml`,
      helper: acting(o, 'backup', o.expectedSha256),
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
        helper: acting(o, 'write', o.expectedSha256, o.sha256),
      },
    ),
  validateConfig: (o: Service) =>
    look(VALIDATE_CONFIG, [absolute(o.configPath), unit(o.unit)], {
      name: 'validate-config',
      readable: `sniproxy-server -t -c ${o.configPath}`,
      helper: service(o, 'validate'),
    }),
  service: (o: Acting & { mode: 'restart' | 'reload' }) =>
    act(SERVICE, [whole(o.notAfter), stateDirOf(o.configPath, o.runId), unit(o.unit), o.mode], {
      name: o.mode,
      readable: `systemctl ${o.mode} ${o.unit}`,
      timeoutMs: 120_000,
      helper: acting(o, o.mode),
    }),
  setLimit: (o: Acting & { pid: number; limit: number; keep: boolean }) =>
    act(
      SET_LIMIT,
      [whole(o.notAfter), stateDirOf(o.configPath, o.runId), unit(o.unit), whole(o.pid), whole(o.limit), o.keep ? 'keep' : 'once'],
      {
        name: 'set-limit',
        readable: `prlimit --pid ${o.pid} --nofile=${o.limit}:${o.keep ? `; echo LimitNOFILE=${o.limit} in a drop-in of ${o.unit}` : ''}`,
        helper: acting(o, 'set-limit', whole(o.pid), whole(o.limit), o.keep ? 'keep' : 'once'),
      },
    ),
  revert: (o: Acting & { operation: 'arm' | 'extend' | 'disarm' | 'state'; seconds: number }) => {
    const dir = stateDirOf(o.configPath, o.runId);
    const timer = revertTimer(o.runId);
    // systemd would read $ in the timer's command line as a variable
    if (/[$%]/.test(dir) && o.operation === 'arm') throw new Error(`${dir} holds a $ or %, which a timer's command line cannot`);
    const program = o.operation === 'arm' ? revertProgram({ stateDir: dir, configPath: o.configPath, unit: unit(o.unit), timer }) : '';
    return act(`${DUE}${TRANSIENT_TIMER}${REVERT}`, [whole(o.notAfter), dir, timer, o.operation, whole(o.seconds), program], {
      name: `${o.operation}-revert`,
      readable: {
        arm: `echo $(($(date +%s) + ${o.seconds})) > ${dir}/deadline; systemd-run --unit=${timer} --on-active=5 --on-unit-active=5 /bin/sh ${dir}/revert.sh`,
        extend: `echo $(($(date +%s) + ${o.seconds})) > ${dir}/deadline`,
        disarm: `mv ${dir}/deadline ${dir}/disarmed; systemctl stop ${timer}.timer`,
        state: `cat ${dir}/deadline`,
      }[o.operation],
      helper: acting(o, o.operation, whole(o.seconds)),
    });
  },
  drill: (o: Acting & { operation: 'start' | 'stop' | 'state'; family: Drill | 'none'; seconds: number; scale: number }) => {
    const words = [o.operation, o.family, whole(o.seconds), whole(o.scale), checked('a drill id', RUN_ID, o.runId)];
    return act(DRILL, [whole(o.notAfter), absolute(o.configPath), unit(o.unit), ...words], {
      name: `drill-${o.operation}`,
      // the person who reads receipts is the one who is to find it
      readable: `the order of a drill beside ${o.configPath}: ${o.operation}`,
      helper: service(o, 'drill', whole(o.notAfter), ...words),
    });
  },
  /** versions of the proxy; only the helper of a prepared node does it, a bare one refuses. A switch and a look at it begin in time, an upload takes its time */
  release: (o: Acting & { operation: 'state' | 'put' | 'switch'; sha256: string; bytes: Buffer | null }) => {
    const sha256 = checked('a sha256', SHA256, o.sha256);
    return look(NO_RELEASE, [], {
      name: `release-${o.operation}`,
      readable: {
        state: `readlink current; readlink /proc/$MainPID/exe`,
        put: `tar -xz -C releases/${sha256.slice(0, 12)}   # sha256 ${sha256}`,
        switch: `ln -s releases/${sha256.slice(0, 12)} new && mv -T new current`,
      }[o.operation],
      stdin: o.bytes,
      timeoutMs: o.operation === 'put' ? 300_000 : 10_000,
      helper: acting(o, 'release', o.operation, sha256, whole(o.bytes?.length ?? 0)),
    });
  },
  /** the proxy on a host that has none, as root; a prepared node has a proxy, so no helper does this */
  install: (o: Acting & { operation: 'state' | 'put' | 'remove'; sha256: string; bytes: Buffer | null }) => {
    const sha256 = checked('a sha256', SHA256, o.sha256);
    const words = [
      o.operation,
      sha256,
      whole(o.bytes?.length ?? 0),
      unit(o.unit),
      absolute(o.configPath),
      checked('a run id', RUN_ID, o.runId),
    ];
    return act(INSTALL, [whole(o.notAfter), ...words], {
      name: `install-${o.operation}`,
      readable: {
        state: `systemctl show ${o.unit}; ss -ltnp; df /opt; getent passwd sniproxy`,
        put: `tar -xz -C /opt/sniproxy/releases/${sha256.slice(0, 12)}; sniproxy-server -t -c ${o.configPath}; systemctl enable --now ${o.unit}   # sha256 ${sha256}`,
        remove: `systemctl disable --now ${o.unit}; rm what /opt/sniproxy/.installed lists`,
      }[o.operation],
      stdin: o.bytes,
      timeoutMs: o.operation === 'put' ? 300_000 : 30_000,
    });
  },
  journal: (o: Service & { sinceSeconds: number; lines: number }) =>
    look(JOURNAL, [unit(o.unit), whole(o.sinceSeconds), whole(o.lines)], {
      name: 'journal',
      readable: `journalctl -u ${o.unit} --since @${Math.round(o.sinceSeconds)} -n ${o.lines} --no-pager -o short-iso`,
      helper: service(o, 'journal', whole(o.sinceSeconds), whole(o.lines)),
    }),
  follow: (o: Service & { lines: number }) =>
    look(FOLLOW, [unit(o.unit), whole(o.lines)], {
      name: 'follow',
      readable: `journalctl -u ${o.unit} -n ${o.lines} --no-pager -o short-iso -f`,
      timeoutMs: 3_600_000,
      follows: true,
      helper: service(o, 'follow', whole(o.lines)),
    }),
  /** the node's own metrics page where it does not let us forward a connection */
  fetchMetrics: (o: { url: string }) =>
    command(['/bin/sh', '-c', FETCH, 'headroom', checked('a URL', /^http:\/\/[^\s]{1,2048}$/, o.url)], {
      name: 'fetch-metrics',
      readable: `curl -sS ${o.url}`,
      maxStdout: 4 * MIB,
    }),
} as const;
