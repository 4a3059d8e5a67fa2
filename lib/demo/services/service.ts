import { type ChildProcess, spawn } from 'node:child_process';
import { processEnvironment } from '../node/environment.ts';
import type { Journal } from './journal.ts';
import { type Moment, momentNow, type Properties } from './properties.ts';
import { type ServiceSpec, serviceProperties } from './service-properties.ts';

type State = { active: 'inactive' | 'activating' | 'active' | 'reloading' | 'deactivating' | 'failed'; sub: string };
export type JobResult = { ok: boolean; message: string };

export type Service = ReturnType<typeof createService>;

const READY_POLL_MS = 50;

/** One unit as systemd keeps it: Restart=always, a restart that waits for the drain, one job at a time. */
export function createService(spec: ServiceSpec, deps: { journal: Journal; onChange: (service: { pid: number | null }) => void }) {
  const { journal } = deps;
  let child: ChildProcess | null = null;
  let state: State = { active: 'inactive', sub: 'dead' };
  let restarts = 0;
  let autoRestart: NodeJS.Timeout | null = null;
  let stopping = false;
  let retired = false;
  let startedAt: Moment | null = null;
  let exitedAt: Moment | null = null;
  let activeAt: Moment | null = null;
  let lastPid = 0;
  let exitStatus = 0;
  let result = 'success';
  let exited: Promise<void> = Promise.resolve();
  const pid = () => child?.pid ?? null;
  const say = (text: string) => journal.write('systemd', 1, text);
  const enter = (active: State['active'], sub: string) => {
    state = { active, sub };
    if (active === 'active' && sub === 'running') activeAt = momentNow();
    deps.onChange({ pid: pid() });
  };

  function launch(): void {
    const started = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: processEnvironment(spec.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child = started;
    startedAt = momentNow();
    lastPid = started.pid ?? 0;
    if (started.stdout) journal.follow(started.stdout, spec.ident, lastPid);
    if (started.stderr) journal.follow(started.stderr, spec.ident, lastPid);
    exited = new Promise((resolve) => {
      const over = (code: number | null, signal: string | null) => {
        if (child !== started) return;
        child = null;
        onExit(code, signal);
        resolve();
      };
      started.once('exit', over);
      started.once('error', (error) => {
        journal.write('systemd', 1, `${spec.unit}: Failed to execute ${spec.command}: ${error.message}`);
        if (started.pid === undefined) over(203, null);
      });
    });
  }

  function onExit(code: number | null, signal: string | null): void {
    exitedAt = momentNow();
    exitStatus = code ?? 0;
    result = code === 0 || (stopping && signal === 'SIGTERM') ? 'success' : signal ? 'signal' : 'exit-code';
    say(`${spec.unit}: Main process exited, code=${signal ? 'killed' : 'exited'}, status=${signal ?? code ?? '?'}`);
    if (stopping || retired) return;
    enter('activating', 'auto-restart');
    autoRestart = setTimeout(() => {
      autoRestart = null;
      restarts += 1;
      say(`${spec.unit}: Scheduled restart job, restart counter is at ${restarts}.`);
      void bringUp();
    }, spec.restartDelayMs);
  }

  async function bringUp(): Promise<JobResult> {
    if (retired) return { ok: false, message: `${spec.unit} is shutting down with the demo` };
    say(`Starting ${spec.unit} - ${spec.description}...`);
    launch();
    const mine = child;
    enter('activating', 'start');
    const deadline = Date.now() + spec.startTimeoutMs;
    while (child === mine && Date.now() < deadline && !spec.isReady(mine?.pid ?? 0))
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    if (child !== mine || child === null) {
      return {
        ok: false,
        message: `Job for ${spec.unit} failed because the control process exited with error code.\nSee "systemctl status ${spec.unit}" and "journalctl -xeu ${spec.unit}" for details.`,
      };
    }
    say(`Started ${spec.unit} - ${spec.description}.`);
    enter('active', 'running');
    return { ok: true, message: '' };
  }

  async function bringDown(): Promise<void> {
    if (autoRestart) clearTimeout(autoRestart);
    autoRestart = null;
    const old = child;
    if (old) {
      stopping = true;
      say(`Stopping ${spec.unit} - ${spec.description}...`);
      enter('deactivating', 'stop-sigterm');
      old.kill('SIGTERM');
      const killer = setTimeout(() => {
        say(`${spec.unit}: State 'stop-sigterm' timed out. Killing.`);
        old.kill('SIGKILL');
      }, spec.stopTimeoutMs);
      await exited;
      clearTimeout(killer);
      stopping = false;
      say(`Stopped ${spec.unit} - ${spec.description}.`);
    }
    restarts = 0;
    enter('inactive', 'dead');
  }

  let last: Promise<unknown> = Promise.resolve();
  /** a restart asked for while another is still stopping the old process is the same job, as in systemd */
  let pending: Promise<JobResult> | null = null;
  function job<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }
  const restart = (): Promise<JobResult> => {
    pending ??= job(async () => {
      await bringDown();
      pending = null;
      return bringUp();
    });
    return pending;
  };

  return {
    spec,
    pid,
    restart,
    isActive: () => state.active,
    start: () =>
      job(async () => {
        if (child) return { ok: true, message: '' };
        if (autoRestart) clearTimeout(autoRestart);
        autoRestart = null;
        restarts = 0;
        return bringUp();
      }),
    stop: () =>
      job(async () => {
        await bringDown();
        return { ok: true, message: '' };
      }),
    reload: () =>
      job(async () => {
        if (!child) return { ok: false, message: `${spec.unit} is not active, cannot reload.` };
        say(`Reloading ${spec.unit} - ${spec.description}...`);
        child.kill('SIGHUP');
        say(`Reloaded ${spec.unit} - ${spec.description}.`);
        return { ok: true, message: '' };
      }),
    /** The demo ends: nothing starts any more. The process itself is stopped by whoever calls this. */
    retire(): ChildProcess | null {
      retired = true;
      if (autoRestart) clearTimeout(autoRestart);
      return child;
    },
    properties: (): Properties =>
      serviceProperties(spec, {
        pid: pid(),
        lastPid,
        restarts,
        result,
        exitStatus,
        active: state.active,
        sub: state.sub,
        startedAt,
        exitedAt,
        activeAt,
      }),
  };
}
