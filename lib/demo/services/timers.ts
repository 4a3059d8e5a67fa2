import { type ChildProcess, spawn } from 'node:child_process';
import { processEnvironment } from '../node/environment.ts';
import type { Journal } from './journal.ts';
import { type Moment, momentNow, monotonic, timestamp, type UnitFiles } from './properties.ts';

export type TransientSpec = {
  /** without suffix: `headroom-revert-x` is a timer and a service of that name */
  name: string;
  argv: string[];
  /** null: run at once, as systemd-run without a timer does */
  onActiveMs: number | null;
  /** again so long after each activation; null: once */
  onUnitActiveMs: number | null;
};

type Transient = {
  spec: TransientSpec;
  timer: NodeJS.Timeout | null;
  /** epoch ms of the next activation */
  nextAt: number | null;
  lastAt: Moment | null;
  running: ChildProcess | null;
};

export type TimerLine = { unit: string; activates: string; nextAt: number | null; lastAt: number | null };
export type Transients = ReturnType<typeof createTransients>;

/** Units made by systemd-run. They run whether or not the console, or anything else of ours, is alive. */
export function createTransients(deps: { env: Record<string, string>; cwd: string; journal: Journal; files: UnitFiles }) {
  const units = new Map<string, Transient>();

  const publish = (unit: Transient) => {
    const { name, onActiveMs } = unit.spec;
    const pid = unit.running?.pid ?? 0;
    const common = { LoadState: 'loaded', Transient: 'yes', UnitFileState: 'transient' };
    deps.files.put(`${name}.service`, {
      Type: 'simple',
      MainPID: String(pid),
      Id: `${name}.service`,
      ActiveState: unit.running ? 'active' : 'inactive',
      SubState: unit.running ? 'running' : 'dead',
      ExecMainStartTimestamp: timestamp(unit.lastAt),
      ExecMainStartTimestampMonotonic: monotonic(unit.lastAt),
      ...common,
    });
    if (onActiveMs === null) return;
    deps.files.put(`${name}.timer`, {
      Unit: `${name}.service`,
      Id: `${name}.timer`,
      LastTriggerUSec: timestamp(unit.lastAt),
      LastTriggerUSecMonotonic: monotonic(unit.lastAt),
      ActiveState: 'active',
      SubState: unit.running ? 'running' : unit.nextAt === null ? 'elapsed' : 'waiting',
      ...common,
    });
  };

  const forget = (unit: Transient) => {
    units.delete(unit.spec.name);
    deps.files.remove(`${unit.spec.name}.service`);
    deps.files.remove(`${unit.spec.name}.timer`);
  };

  function activate(unit: Transient): void {
    const [command = '', ...args] = unit.spec.argv;
    const ident = command.slice(command.lastIndexOf('/') + 1);
    unit.timer = null;
    unit.nextAt = null;
    unit.lastAt = momentNow();
    const startedMs = Date.now();
    const child = spawn(command, args, {
      cwd: deps.cwd,
      env: processEnvironment(deps.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    unit.running = child;
    deps.journal.follow(child.stdout, ident, child.pid ?? 0);
    deps.journal.follow(child.stderr, ident, child.pid ?? 0);
    publish(unit);
    const over = () => {
      if (unit.running !== child) return;
      unit.running = null;
      if (units.get(unit.spec.name) !== unit) {
        if (!units.has(unit.spec.name)) forget(unit);
        return;
      }
      const { onUnitActiveMs, onActiveMs } = unit.spec;
      if (onUnitActiveMs !== null) schedule(unit, Math.max(0, startedMs + onUnitActiveMs - Date.now()));
      else if (onActiveMs === null) forget(unit);
      else publish(unit);
    };
    child.once('exit', over);
    child.once('error', (error) => {
      deps.journal.write('systemd', 1, `${unit.spec.name}.service: Failed to execute ${command}: ${error.message}`);
      over();
    });
  }

  function schedule(unit: Transient, delayMs: number): void {
    unit.nextAt = Date.now() + delayMs;
    unit.timer = setTimeout(() => activate(unit), delayMs);
    publish(unit);
  }

  return {
    has: (name: string) => units.has(name),
    run(spec: TransientSpec): void {
      const unit: Transient = { spec, timer: null, nextAt: null, lastAt: null, running: null };
      units.set(spec.name, unit);
      deps.journal.write(
        'systemd',
        1,
        `Started ${spec.name}.${spec.onActiveMs === null ? 'service' : 'timer'} - ${spec.argv.join(' ').slice(0, 200)}.`,
      );
      if (spec.onActiveMs === null) activate(unit);
      else schedule(unit, spec.onActiveMs);
    },
    /** Stops a timer (what it started runs on) or a service (its process is ended). False when there is no such unit. */
    stop(unitName: string): boolean {
      const [, name = '', suffix] = /^(.*)[.](timer|service)$/.exec(unitName) ?? [];
      const unit = units.get(name);
      if (!unit) return false;
      if (suffix === 'service') {
        if (unit.running?.pid) endGroup(unit.running.pid, 'SIGTERM');
        return true;
      }
      if (unit.timer) clearTimeout(unit.timer);
      unit.timer = null;
      units.delete(name);
      deps.files.remove(`${name}.timer`);
      if (!unit.running) forget(unit);
      deps.journal.write('systemd', 1, `Stopped ${name}.timer.`);
      return true;
    },
    list: (): TimerLine[] =>
      [...units.values()]
        .filter((unit) => unit.spec.onActiveMs !== null)
        .map(({ spec, nextAt, lastAt }) => ({
          unit: `${spec.name}.timer`,
          activates: `${spec.name}.service`,
          nextAt,
          lastAt: lastAt?.wallMs ?? null,
        })),
    stopAll(): void {
      for (const unit of units.values()) {
        if (unit.timer) clearTimeout(unit.timer);
        if (unit.running?.pid) endGroup(unit.running.pid, 'SIGKILL');
      }
      units.clear();
    },
  };
}

/** Signals a child and what it started; each transient service is a process group of its own. */
function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}
