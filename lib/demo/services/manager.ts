import { randomBytes } from 'node:crypto';
import type { Service } from './service.ts';
import { parseSystemdRun } from './systemd-run.ts';
import type { TimerLine, Transients } from './timers.ts';

export type Reply = { code: number; stdout: string; stderr: string };
export type Manager = { handle(tool: string, argv: string[]): Promise<Reply> };

const reply = (code: number, stdout = '', stderr = ''): Reply => ({ code, stdout, stderr });
const JOBS = {
  start: (service: Service) => service.start(),
  stop: (service: Service) => service.stop(),
  restart: (service: Service) => service.restart(),
  'try-restart': (service: Service) => (service.pid() === null ? Promise.resolve({ ok: true, message: '' }) : service.restart()),
  reload: (service: Service) => service.reload(),
  'reload-or-restart': (service: Service) => service.reload(),
};
const withSuffix = (unit: string) => (/[.](service|timer|socket|target)$/.test(unit) ? unit : `${unit}.service`);

/** What `systemctl` (but for show and is-active, which read the units' files) and `systemd-run` on a node ask for. */
export function createManager(deps: { service: Service; transients: Transients }): Manager {
  const { service, transients } = deps;

  async function job(verb: keyof typeof JOBS, unit: string): Promise<Reply> {
    if (unit === service.spec.unit) {
      const { ok, message } = await JOBS[verb](service);
      return ok ? reply(0) : reply(1, '', `${message}\n`);
    }
    if (verb === 'stop' && transients.stop(unit)) return reply(0);
    return reply(5, '', `Failed to ${verb} ${unit}: Unit ${unit} not ${verb === 'stop' ? 'loaded' : 'found'}.\n`);
  }

  async function systemctl(argv: string[]): Promise<Reply> {
    const words = argv.filter((word) => !word.startsWith('-'));
    const verb = words[0] ?? 'list-units';
    if (isJob(verb)) {
      if (words.length < 2) return reply(1, '', 'Too few arguments.\n');
      const replies: Reply[] = [];
      for (const unit of words.slice(1)) replies.push(await job(verb, withSuffix(unit)));
      return replies.find((r) => r.code !== 0) ?? reply(0);
    }
    switch (verb) {
      case 'list-timers':
        return reply(0, timerTable(transients.list(), Date.now(), argv.includes('--no-legend')));
      case 'list-units':
        return reply(0, `${service.spec.unit} loaded ${service.isActive()} ${service.properties().SubState} ${service.spec.description}\n`);
      case 'status':
        return status();
      case 'is-enabled':
        return reply(0, 'enabled\n');
      case 'daemon-reload':
      case 'reset-failed':
        return reply(0);
      default:
        return reply(1, '', `Unknown command verb ${verb}.\n`);
    }
  }

  function status(): Reply {
    const p = service.properties();
    const lines = [
      `● ${service.spec.unit} - ${service.spec.description}`,
      `     Loaded: loaded (${p.FragmentPath}; enabled; preset: enabled)`,
      `     Active: ${p.ActiveState} (${p.SubState}) since ${p.ActiveEnterTimestamp}`,
      `   Main PID: ${p.MainPID} (${service.spec.ident})`,
    ];
    return reply(p.ActiveState === 'active' ? 0 : 3, `${lines.join('\n')}\n`);
  }

  function systemdRun(argv: string[]): Reply {
    const parsed = parseSystemdRun(argv, () => `run-r${randomBytes(16).toString('hex')}`);
    if (!parsed.ok) return reply(1, '', `${parsed.message}\n`);
    const { spec, quiet } = parsed;
    const kind = spec.onActiveMs === null ? 'service' : 'timer';
    if (transients.has(spec.name))
      return reply(1, '', `Failed to start transient ${kind} unit: Unit ${spec.name}.${kind} was already loaded or has a fragment file.\n`);
    transients.run(spec);
    const running =
      kind === 'timer'
        ? `Running timer as unit: ${spec.name}.timer\nWill run service as unit: ${spec.name}.service\n`
        : `Running as unit: ${spec.name}.service\n`;
    return reply(0, '', quiet ? '' : running);
  }

  return {
    async handle(tool, argv) {
      if (tool === 'systemctl') return systemctl(argv);
      if (tool === 'systemd-run') return systemdRun(argv);
      return reply(127, '', `${tool}: not known to the service manager\n`);
    },
  };
}

const isJob = (verb: string): verb is keyof typeof JOBS => Object.hasOwn(JOBS, verb);

/** `systemctl list-timers`: NEXT LEFT LAST PASSED UNIT ACTIVATES */
export function timerTable(timers: TimerLine[], now: number, noLegend: boolean): string {
  const when = (at: number | null) => (at === null ? '-' : new Date(at).toISOString().replace('T', ' ').slice(0, 19).concat(' UTC'));
  const span = (ms: number) =>
    ms < 60_000 ? `${Math.round(ms / 1000)}s` : `${Math.floor(ms / 60_000)}min ${Math.round((ms % 60_000) / 1000)}s`;
  const rows = timers.map(({ unit, activates, nextAt, lastAt }) =>
    [
      when(nextAt),
      nextAt === null ? '-' : `${span(Math.max(0, nextAt - now))} left`,
      when(lastAt),
      lastAt === null ? '-' : `${span(now - lastAt)} ago`,
      unit,
      activates,
    ].join(' '),
  );
  if (noLegend) return rows.map((row) => `${row}\n`).join('');
  return `${['NEXT LEFT LAST PASSED UNIT ACTIVATES', ...rows, '', `${rows.length} timers listed.`].join('\n')}\n`;
}
