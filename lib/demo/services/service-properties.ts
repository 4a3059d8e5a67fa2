import { type Moment, monotonic, type Properties, timestamp } from './properties.ts';

export type ServiceSpec = {
  /** with its suffix: `sniproxy.service` */
  unit: string;
  description: string;
  /** what the journal calls its lines */
  ident: string;
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  openFilesLimit: number;
  /** SIGKILL follows SIGTERM after this */
  stopTimeoutMs: number;
  /** pause before an automatic restart */
  restartDelayMs: number;
  /** a start counts as done when this says so, or after `startTimeoutMs` while the process lives */
  isReady: (pid: number) => boolean;
  startTimeoutMs: number;
};

export type ServiceFacts = {
  /** null while no process runs */
  pid: number | null;
  lastPid: number;
  restarts: number;
  result: string;
  exitStatus: number;
  active: string;
  sub: string;
  startedAt: Moment | null;
  exitedAt: Moment | null;
  activeAt: Moment | null;
};

/** What `systemctl show` says of a service, in systemd's order. */
export function serviceProperties(spec: ServiceSpec, facts: ServiceFacts): Properties {
  const exitedAt = facts.pid === null ? facts.exitedAt : null;
  return {
    Type: 'notify',
    Restart: 'always',
    NotifyAccess: 'main',
    RestartUSec: `${spec.restartDelayMs}ms`,
    TimeoutStopUSec: `${spec.stopTimeoutMs / 1000}s`,
    MainPID: String(facts.pid ?? 0),
    Result: facts.result,
    NRestarts: String(facts.restarts),
    ExecMainStartTimestamp: timestamp(facts.startedAt),
    ExecMainStartTimestampMonotonic: monotonic(facts.startedAt),
    ExecMainExitTimestamp: timestamp(exitedAt),
    ExecMainExitTimestampMonotonic: monotonic(exitedAt),
    ExecMainPID: String(facts.lastPid),
    ExecMainStatus: String(facts.exitStatus),
    LimitNOFILE: String(spec.openFilesLimit),
    LimitNOFILESoft: String(spec.openFilesLimit),
    Id: spec.unit,
    Names: spec.unit,
    Description: spec.description,
    LoadState: 'loaded',
    ActiveState: facts.active,
    SubState: facts.sub,
    FragmentPath: `/etc/systemd/system/${spec.unit}`,
    UnitFileState: 'enabled',
    UnitFilePreset: 'enabled',
    ActiveEnterTimestamp: timestamp(facts.activeAt),
    ActiveEnterTimestampMonotonic: monotonic(facts.activeAt),
    CanStart: 'yes',
    CanStop: 'yes',
    CanReload: 'yes',
    Transient: 'no',
  };
}
