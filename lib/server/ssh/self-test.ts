import http from 'node:http';
import type { Duplex } from 'node:stream';
import { type HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { FleetMember, SelfTest } from '#shared/nodes.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { catalogue, dirOf } from './catalogue.ts';
import { quote } from './quote.ts';
import { HELPER_CONTRACT } from './scripts/helper.ts';
import type { Ssh } from './types.ts';
import { dialTcp, vetted } from './where.ts';

type Check = SelfTest['checks'][number];
type Judged = Pick<Check, 'status' | 'detail' | 'fix'>;

const pass = (detail: string): Judged => ({ status: 'pass', detail, fix: null });
const warn = (detail: string, fix: string | null = null): Judged => ({ status: 'warn', detail, fix });
const fail = (detail: string, fix: string | null = null): Judged => ({ status: 'fail', detail, fix });
const skipped: Judged = { status: 'skipped', detail: 'needs an SSH session', fix: null };

const TITLES = {
  reachable: 'SSH answers',
  'host-key': 'The host key is the pinned one',
  auth: 'The account accepts our key',
  sudo: 'Commands run as root',
  helper: 'The helper is installed, so that a revert survives a reboot',
  systemd: 'systemd runs there',
  unit: 'The service is there',
  config: 'config.yaml can be read and replaced',
  tools: 'The tools for safe changes are there',
  metrics: 'The metrics page answers',
} as const;
type Key = keyof typeof TITLES;

/** What works and what is missing between the console and a node, each with one command to paste. Changes nothing; answers within 9 s. */
export async function selfTest(ssh: Ssh, node: FleetMember, helperPath: string): Promise<SelfTest> {
  try {
    const result = await ssh.exec(node, catalogue.check({ ...node, helperPath }), { timeoutMs: 5000 });
    const answer = parseAnswer(result.stdout);
    const metrics = await checkMetrics(ssh, node);
    const reached: Partial<Record<Key, Judged>> = {
      reachable: pass(`${node.host}:${node.sshPort} answered in ${result.receipt.durationMs} ms`),
      'host-key': pass('verified'),
      auth: pass(`signed in as ${answer?.first('user') ?? node.user}`),
    };
    if (!answer)
      return report({
        ...reached,
        sudo: fail('the shell of this account does not run commands', `chsh -s /bin/sh ${quote(node.user)}`),
        metrics,
      });
    return report({ ...reached, ...judgeAnswer(node, answer), metrics });
  } catch (error) {
    if (!isHeadroomError(error)) throw error;
    return report(judgeFailure(node, error));
  }
}

function report(judged: Partial<Record<Key, Judged>>): SelfTest {
  const keys = Object.keys(TITLES) as Key[];
  const checks = keys.map((key) => ({ key, title: TITLES[key], ...(judged[key] ?? skipped) }));
  return { ok: checks.every((check) => check.status === 'pass' || check.status === 'warn'), checks };
}

function judgeFailure(node: FleetMember, error: HeadroomError): Partial<Record<Key, Judged>> {
  const answers = pass(`${node.host}:${node.sshPort} answers`);
  switch (error.code) {
    case 'ssh.auth-failed':
      return {
        reachable: answers,
        'host-key': pass('verified'),
        auth: fail(
          error.message,
          `install -d -m 700 ~${node.user}/.ssh && cat >> ~${node.user}/.ssh/authorized_keys   # paste the console's key (Settings, Nodes and SSH), then Ctrl-D`,
        ),
      };
    case 'ssh.host-key-unknown':
    case 'ssh.host-key-changed':
      return {
        reachable: answers,
        'host-key': fail(error.message, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub   # on the node; compare'),
      };
    default:
      return { reachable: fail(error.message, `ssh -p ${node.sshPort} ${node.user}@${node.host} true   # from the console's machine`) };
  }
}

function judgeAnswer(node: FleetMember, answer: Answer): Partial<Record<Key, Judged>> {
  const lacks = answer.all('lacks');
  const needed = lacks.filter((tool) => tool !== 'ss' && tool !== 'journalctl');
  const helper = judgeHelper(node, answer);
  return {
    helper,
    sudo:
      helper.status === 'pass' && answer.first('root') !== 'yes'
        ? pass('by the helper, the one command that it needs')
        : judgeSudo(node, answer),
    systemd:
      answer.first('systemd') === 'yes'
        ? pass('systemctl is there')
        : fail('there is no systemctl: the service cannot be restarted from here'),
    unit: judgeUnit(node, answer),
    config: judgeConfig(node, answer),
    tools:
      needed.length > 0
        ? fail(`missing: ${needed.join(', ')}`, 'apt-get install -y util-linux coreutils systemd')
        : lacks.length > 0
          ? warn(
              `missing: ${lacks.join(', ')}; logs or socket states are not shown`,
              lacks.includes('ss') ? 'apt-get install -y iproute2' : null,
            )
          : pass('flock, systemd-run, sha256sum, mktemp, stat, readlink, journalctl, ss'),
  };
}

function judgeSudo(node: FleetMember, answer: Answer): Judged {
  switch (answer.first('root')) {
    case 'yes':
      return pass('this account is root');
    case 'sudo':
      return pass('by sudo without a password');
    case 'no-sudo':
      return fail('this account is not root and there is no sudo', 'apt-get install -y sudo');
    case 'denied':
      return fail(`sudo asks ${node.user} for a password or refuses /bin/sh`, prepare(node));
    default:
      return fail('sudo cannot be judged');
  }
}

/** From the console's folder: the files of deploy/ go to the node, and its root runs the installer that is one of them. */
function prepare({ user, host, sshPort, unit, configPath }: FleetMember): string {
  const there = quote(`${user}@${host}`);
  const folder = quote(`${user}@${host.includes(':') ? `[${host}]` : host}:`);
  const install = `sudo ./headroom-node-install ${quote(user)} ${quote(unit)} ${quote(configPath)}`;
  return `cd deploy && scp -P ${sshPort} headroom-node* headroom-revert.* sudoers.headroom-node ${folder} && ssh -t -p ${sshPort} ${there} ${quote(install)}`;
}

function judgeHelper(node: FleetMember, answer: Answer): Judged {
  const [by, contract] = (answer.first('helper') ?? '').split(' ');
  if (by === 'root' || by === 'sudo')
    return Number(contract) === HELPER_CONTRACT
      ? pass(`headroom-node answers for ${node.unit}`)
      : warn(`headroom-node speaks contract ${contract ?? 'none'} and this console ${HELPER_CONTRACT}: it is not used`, prepare(node));
  if (by === 'refused') return warn(`headroom-node is there and refuses: ${answer.first('said') ?? 'it gives no reason'}`, prepare(node));
  return warn('a bare node: its automatic revert would not survive a reboot, and sudo has to allow more', prepare(node));
}

function judgeUnit(node: FleetMember, answer: Answer): Judged {
  const [load, active, pid] = ['LoadState', 'ActiveState', 'MainPID'].map((key) => answer.first(key));
  if (active === undefined) return fail(`systemctl knows no ${node.unit}`, `systemctl status ${node.unit}`);
  if (load === 'not-found') return fail(`systemd has no unit ${node.unit}`, "systemctl list-units --type=service '*proxy*'");
  if (active !== 'active') return warn(`${node.unit} is ${active}`, `systemctl status ${node.unit}`);
  return pass(`${node.unit} is active, process ${pid ?? 'unknown'}`);
}

function judgeConfig(node: FleetMember, answer: Answer): Judged {
  const path = quote(node.configPath);
  if (answer.first('config') === 'missing')
    return fail(
      `${node.configPath} is not there: if ${node.unit} reads another file, say which (Edit the node)`,
      `systemctl show -p ExecStart --value ${quote(node.unit)}`,
    );
  if (answer.first('config') !== 'readable') return fail(`${node.configPath} cannot be read`, `sudo ls -l ${path}`);
  if (answer.first('configdir') !== 'writable')
    return fail(
      `${dirOf(node.configPath)} cannot be written: config.yaml cannot be replaced`,
      `sudo ls -ld ${quote(dirOf(node.configPath))}`,
    );
  return pass(`${node.configPath} can be read and replaced`);
}

async function checkMetrics(ssh: Ssh, node: FleetMember): Promise<Judged> {
  const { metrics } = node;
  if (metrics.via === 'none') return warn('no metrics page is set: file descriptors are counted over SSH, connections are not known');
  const url = new URL(metrics.url);
  try {
    const [host, port] = [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 80)];
    const socket =
      metrics.via === 'ssh'
        ? await ssh.openTcp(node, { host, port }, { timeoutMs: 1500 })
        : await dialTcp({ host, port, addresses: await vetted(node, host) });
    const page = await firstBytes(url, socket);
    if (page.status !== 200) return fail(`${metrics.url} answers ${page.status}`, `curl -sS -D- -o /dev/null ${quote(metrics.url)}`);
    if (!/^[a-zA-Z_:][\w:]*(\{.*\})? /m.test(page.text) && !page.text.startsWith('#')) return fail(`${metrics.url} is no Prometheus page`);
    return pass(`${metrics.url} answers${metrics.via === 'ssh' ? ' through SSH' : ''}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail(
      `${metrics.url} does not answer: ${why}`,
      metrics.via === 'ssh'
        ? `curl -sS ${quote(metrics.url)} | head; sshd -T | grep -i allowtcpforwarding   # on the node`
        : `curl -sS ${quote(metrics.url)} | head`,
    );
  }
}

function firstBytes(url: URL, socket: Duplex): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { signal: AbortSignal.timeout(2000), createConnection: () => socket }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      const done = () => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, text });
      };
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > 4096) done();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    request.on('error', reject);
    request.on('close', () => socket?.destroy());
  });
}
