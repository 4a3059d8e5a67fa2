import { HeadroomError } from '#server/kernel/errors.ts';
import { within } from './deadline.ts';
import { runShort, spawnBound } from './openssh-bound.ts';
import { AGENT, type Place } from './openssh-place.ts';

const START_MS = 5000;

/** Our own ssh-agent: the private key goes in through a pipe and is never a file. It ends with the console. */
export function createAgent({ place, identity }: { place: Place; identity: () => Promise<string> }) {
  let running: ReturnType<typeof spawnBound> | null = null;
  let loaded: string | null = null;
  let loading: Promise<void> | null = null;

  async function load(): Promise<void> {
    const key = await identity();
    if (running && loaded === key) return;
    if (!running) {
      const started = spawnBound(['ssh-agent', '-D', '-a', AGENT], place.dir);
      // It says where it listens once it does; its socket is a file a moment before that.
      const listens = new Promise<boolean>((resolve) => {
        started.child.stdout?.once('data', () => resolve(true)).resume();
        void started.gone.then(() => resolve(false));
      });
      started.child.stderr?.resume();
      running = started;
      void started.gone.then(() => {
        if (running === started) [running, loaded] = [null, null];
      });
      const late = () => {
        started.end();
        return failed(`ssh-agent did not start within ${START_MS / 1000} s`);
      };
      if (!(await within(listens, { ms: START_MS, onTimeout: late }))) throw failed('ssh-agent ended at once');
    }
    const env = { SSH_AUTH_SOCK: AGENT };
    if (loaded !== null) await runShort(['ssh-add', '-q', '-D'], { cwd: place.dir, env, ms: START_MS });
    const { code, stderr } = await runShort(['ssh-add', '-q', '-'], { cwd: place.dir, env, input: `${key.trimEnd()}\n`, ms: START_MS });
    if (code !== 0) throw failed(`ssh-add did not take the console's key: ${stderr.trim().slice(0, 200)}`);
    loaded = key;
  }

  return {
    ready(): Promise<void> {
      loading ??= load().finally(() => {
        loading = null;
      });
      return loading;
    },
    async close(): Promise<void> {
      const last = running;
      running = null;
      last?.end();
      await last?.gone;
    },
  };
}

const failed = (words: string) =>
  new HeadroomError(
    'ssh.unreachable',
    `The system's ssh cannot be used: ${words}; install openssh-client, or set the node's transport to ssh2`,
  );
