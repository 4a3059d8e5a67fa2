import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { helperProgram } from '#server/ssh/scripts/helper.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { nodeInputSchema } from '#shared/nodes.ts';

/**
 * The node's side in a directory: a config.yaml and a PATH on which systemctl, systemd-run, journalctl and sniproxy-server are small sh
 * scripts. The service is a `sleep`; timers are kept and fire only when the test says `tick`. A prepared one has the helper too.
 */
export type FakeNode = {
  dir: string;
  configPath: string;
  member: FleetMember;
  env: NodeJS.ProcessEnv & { PATH: string };
  /** what was done to the service, in order: restart, reload */
  jobs(): string[];
  mainPid(): number;
  timers(): string[];
  /** the timer that puts the config back after that run, as this node has it */
  revertTimer(runId: string): string;
  /** where the helper is, or would be */
  helperPath: string;
  /** runs the timer's command once, as systemd would every 5 s */
  tick(timer: string, before?: string): SpawnSyncReturns<string>;
  /** a file in the state dir of a run */
  state(runId: string, file: string): string;
};

const SYSTEMCTL = `
# a test narrows what may be written; the service manager is another process
ulimit -S -f unlimited 2>/dev/null
verb=; for w; do case $w in -*) ;; *) [ -n "$verb" ] || verb=$w; last=$w;; esac; done
show() {
  pid=$(cat "$F/pid" 2>/dev/null); kill -0 "$pid" 2>/dev/null || pid=0
  state=active; [ "$pid" = 0 ] && state=inactive; [ -e "$F/state" ] && state=$(cat "$F/state")
  for line in "MainPID=$pid" NRestarts=0 "ActiveState=$state" SubState=running LoadState=loaded "User=$(cat "$F/user-$last" 2>/dev/null || echo nobody)" "ExecStart=$(cat "$F/exec-$last" 2>/dev/null)"; do
    case ",$1," in *",\${line%%=*},"*) if [ "$2" ]; then echo "\${line#*=}"; else echo "$line"; fi;; esac
  done
}
case $verb in
show) p=; v=; n=; for w; do [ "$n" ] && { p=$w; n=; }; case $w in -p) n=1;; --value) v=1;; esac; done; show "$p" "$v";;
is-enabled) if [ "$last" = headroom-revert.timer ] && [ ! -e "$F/no-timers" ]; then echo enabled; else echo disabled; exit 1; fi;;
start) [ -e "$F/no-timers" ] && { echo 'Failed to start headroom-revert.timer: refused' >&2; exit 1; }; printf '%s\\n' "$F/../sbin/headroom-node" fire > "$F/timers/$last";;
is-active) if [ -e "$F/timers/$last" ]; then echo active; else echo inactive; exit 3; fi;;
restart) exec /usr/bin/setsid -w "$0" --job restart-job;;
restart-job)
  echo restart >> "$F/jobs"
  [ -e "$F/slow" ] && sleep "$(cat "$F/slow")"
  old=$(cat "$F/pid" 2>/dev/null); [ -n "$old" ] && kill "$old" 2>/dev/null
  sleep 600 < /dev/null > /dev/null 2>&1 8>&- 9>&- & echo $! > "$F/pid"
  [ -e "$F/fails" ] && { echo 'Job for sniproxy.service failed.' >&2; exit 1; }
  exit 0;;
reload) echo reload >> "$F/jobs";;
stop) rm -f "$F/timers/$last";;
esac
exit 0
`;

const SYSTEMD_RUN = `
[ -e "$F/no-timers" ] && { echo 'Failed to start transient timer unit: refused' >&2; exit 1; }
for w; do case $w in --unit=*) unit=\${w#--unit=};; esac; done
while case $1 in --*) true;; *) false;; esac; do shift; done
mkdir -p "$F/timers"
printf '%s\\n' "$@" > "$F/timers/$unit.timer"
`;

/** The unit's name says what the journal does. */
const JOURNALCTL = `
case " $* " in *' _COMM=sudo '*) cat "$F/sudo" 2>/dev/null; exit 0;; esac
unit=; n=; for w; do [ "$n" ] && { unit=$w; n=; }; [ "$w" = -u ] && n=1; done
case $unit in
flood) exec yes 'a line of a log that never ends';;
loud) yes 'a line on stderr' | head -c 300000 >&2;;
endless) echo begun; echo $$ > "$F/endless"; exec sleep 600;;
exit-*) exit "\${unit#exit-}";;
args) for w; do echo "$w"; done;;
*) echo '2026-01-01T00:00:00+0000 host sniproxy[1]: started'; echo "2026-01-01T00:00:01+0000 host sniproxy[1]: unit $unit";;
esac
`;

export function fakeNode(
  t: Pick<TestContext, 'after'>,
  options: { id?: string; config?: string; dirName?: string; prepared?: boolean } = {},
): FakeNode {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-node-'));
  const [bin, facts, etc] = ['bin', 'facts', options.dirName ?? 'etc'].map((name) => path.join(dir, name)) as [string, string, string];
  for (const made of [bin, facts, etc, path.join(facts, 'timers')]) fs.mkdirSync(made);
  const script = (name: string, body: string) =>
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nF='${facts}'\n${body}`, { mode: 0o755 });
  script('systemctl', SYSTEMCTL);
  script('systemd-run', SYSTEMD_RUN);
  script('journalctl', JOURNALCTL);
  script('sniproxy-server', 'grep -q broken "$3" && { echo "config.yaml:1: broken" >&2; exit 1; }; echo "config.yaml is valid"');
  const env: FakeNode['env'] = { NODE_ENV: 'test', PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
  const configPath = path.join(etc, 'config.yaml');
  fs.writeFileSync(configPath, options.config ?? 'listen_addrs: ["0.0.0.0:443"]\nconnection_pool:\n  enabled: true # as it was\n', {
    mode: 0o640,
  });
  const sbin = path.join(dir, 'sbin');
  const helperPath = path.join(sbin, 'headroom-node');
  fs.mkdirSync(sbin);
  if (options.prepared) {
    const conf = path.join(dir, 'headroom-node.conf');
    fs.writeFileSync(conf, `# unit and config path of each service\nsniproxy ${configPath}\n`, { mode: 0o644 });
    fs.writeFileSync(
      helperPath,
      helperProgram({ conf, path: env.PATH, lock: path.join(dir, 'revert.lock'), releases: path.join(dir, 'opt') }),
      { mode: 0o755 },
    );
  }
  const run = (command: string, args: string[]) => spawnSync(command, args, { env, encoding: 'utf8', timeout: 30_000 });
  run(path.join(bin, 'systemctl'), ['restart', 'sniproxy']);
  fs.rmSync(path.join(facts, 'jobs'));
  const id = options.id ?? 'n_1';
  const input = nodeInputSchema.parse({
    name: `node-${id.replace('_', '-')}`,
    host: '127.0.0.1',
    user: 'sre',
    configPath,
    metrics: { via: 'none' },
  });
  const read = (name: string) => (fs.existsSync(path.join(facts, name)) ? fs.readFileSync(path.join(facts, name), 'utf8') : '');
  t.after(() => {
    const pid = Number(read('pid'));
    if (pid > 1) process.kill(pid, 'SIGKILL');
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    ...{ dir, configPath, env, helperPath },
    member: { ...input, id, version: 1, createdAt: '2026-01-01T00:00:00.000Z' },
    jobs: () => read('jobs').split('\n').filter(Boolean),
    mainPid: () => Number(read('pid')),
    timers: () => fs.readdirSync(path.join(facts, 'timers')),
    revertTimer: (runId) => (options.prepared ? 'headroom-revert.timer' : `headroom-revert-${runId}.timer`),
    tick(timer, before = ':') {
      const words = read(`timers/${timer}`).split('\n').filter(Boolean);
      return run('/bin/sh', ['-c', `${before}; exec "$@"`, 'tick', ...words]);
    },
    state: (runId, file) => path.join(etc, '.headroom', runId, file),
  };
}

/** No job of the service manager goes on: like systemd's, they outlive a systemctl that is killed. */
export const jobsDone = (node: FakeNode): boolean =>
  !fs.readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join(node.dir, 'bin', 'systemctl'));
    } catch {
      return false;
    }
  });

type Fact = 'slow' | 'fails' | 'state' | 'no-timers' | 'sudo' | `user-${string}` | `exec-${string}`;

/** Switches of the fake service: `slow` (seconds a restart takes), `fails`, `state`, `no-timers`, `user-UNIT`, `exec-UNIT`; `sudo` is what its log says. */
export const setFact = (node: FakeNode, name: Fact, value: string) => fs.writeFileSync(path.join(node.dir, 'facts', name), value);
