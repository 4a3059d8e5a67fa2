import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until } from '#test/support/until.ts';
import { told } from './console.ts';
import type { Fault } from './faults.ts';
import type { Host } from './hosts.ts';
import { isActive, starts, stepOf, type World } from './world.ts';

const DIR = '/etc/systemd/system/sniproxy.service.d';
/** How soon the proxy's own budget must follow the raised limit. */
const FOLLOWS_MS = 10_000;

/** The operator's own drop-in, under the name that `systemctl edit` gives it. */
async function unitSays(world: World, host: Host, limit: string): Promise<void> {
  const write = `mkdir -p ${DIR}; printf '[Service]\\nLimitNOFILE=${limit}\\n' > ${DIR}/override.conf; systemctl daemon-reload`;
  await world.hosts.exec(host, `${write}; systemctl restart sniproxy`);
  await until(`${host.name} serves`, () => isActive(world, host));
}

const asBefore = (world: World, host: Host) =>
  world.hosts.exec(host, `rm -f ${DIR}/override.conf ${DIR}/zz-headroom-limit.conf; systemctl daemon-reload; systemctl restart sniproxy`);

const limitsOf = async (world: World, host: Host): Promise<string> =>
  (
    await world.hosts.exec(
      host,
      "sed -n 's/^Max open files *\\([0-9]*\\) *\\([0-9]*\\).*/\\1:\\2/p' /proc/$(systemctl show -p MainPID --value sniproxy)/limits",
    )
  ).trim();

async function buy(world: World, host: Host, limit: number, keep: boolean) {
  const id = await world.console.startRun({
    runbook: 'buy-time',
    selector: `name=${host.name}`,
    strategy: { gates: 'auto' },
    params: { limit, keep },
  });
  const run = await world.console.ended(id, 60_000);
  return { run, why: told(run) };
}

/** what the proxy says of its budget on its own page */
const budgetOf = async (world: World, host: Host): Promise<number> => {
  const page = await world.hosts.exec(
    host,
    `node -e "fetch('http://127.0.0.1:9090/metrics').then((r) => r.text()).then((t) => console.log(/^sniproxy_fd_budget ([0-9.e+]+)/m.exec(t)?.[1]))"`,
  );
  return Number(page);
};

/** Beyond the hard limit goes only root with CAP_SYS_RESOURCE, which a machine that is a container itself may lack. */
const RAISES_HARD =
  (BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`) >> 24n) % 2n === 1n;

/** Node raises its own soft limit to the hard one as it starts; a proxy that is not Node does not. */
const lowered = (world: World, host: Host): Promise<string> =>
  world.hosts.exec(
    host,
    'setpriv --reuid=sniproxy --regid=sniproxy --clear-groups prlimit --pid $(systemctl show -p MainPID --value sniproxy) --nofile=1024:',
  );

const ours: Fault = {
  name: 'time is bought on a host of ours',
  kept: 'no restart; the budget of the running proxy follows within 10 s; the limit is staged for the next process too, though another drop-in says less',
  kinds: ['prepared'],
  async run(world, host) {
    await unitSays(world, host, '1024:4096');
    await lowered(world, host);
    const limit = RAISES_HARD ? 8192 : 4000;
    try {
      const offer = await world.console.call('offer', world.console.id(host), limit);
      assert.deepEqual([offer.limitNow, offer.limitThen, offer.nothing], [1024, limit, null], JSON.stringify(offer));
      await until('the budget is of the low limit', async () => (await budgetOf(world, host)) < 1024, { timeoutMs: FOLLOWS_MS });
      const before = await starts(world, host);
      const { run, why } = await buy(world, host, limit, true);
      assert.equal(run.status, 'succeeded', why);
      assert.match(
        stepOf(run, 'set-limit').summary,
        /fds instead of 1,024.*the next process has it too, by .*zz-headroom-limit\.conf/,
        why,
      );
      const follows = async () => (await budgetOf(world, host)) > 2000;
      await until('the budget follows', follows, { timeoutMs: FOLLOWS_MS, everyMs: 250 });
      assert.equal(await limitsOf(world, host), RAISES_HARD ? '8192:8192' : '4000:4096');
      assert.equal(await starts(world, host), before, 'nothing was restarted');
      const staged = await world.hosts.exec(host, 'systemctl show -p LimitNOFILE -p LimitNOFILESoft --value sniproxy');
      assert.deepEqual(staged.trim().split('\n'), RAISES_HARD ? ['8192', '8192'] : ['4096', '4000']);
    } finally {
      await asBefore(world, host);
    }
  },
};

const theirs: Fault = {
  name: 'time is bought on a host with room between its soft and its hard limit',
  kept: 'the soft limit rises to the hard one, no restart; the offer says so before, and afterwards that there is nothing more to buy',
  kinds: ['bare', 'foreign'],
  async run(world, host) {
    await unitSays(world, host, '4096');
    await lowered(world, host);
    try {
      const id = world.console.id(host);
      const offer = await world.console.call('offer', id, 65_536);
      assert.deepEqual([offer.limitNow, offer.hardLimit, offer.limitThen, offer.nothing], [1024, 4096, 4096, null], JSON.stringify(offer));
      const before = await starts(world, host);
      const { run, why } = await buy(world, host, 4096, false);
      assert.equal(run.status, 'succeeded', why);
      assert.match(stepOf(run, 'set-limit').summary, /may open 4,096 fds instead of 1,024.*the next restart takes it away/);
      assert.equal(await limitsOf(world, host), '4096:4096');
      assert.match((await world.console.call('offer', id, 65_536)).nothing ?? '', /Nothing to buy: 4,096 is its hard limit too/);
      assert.equal(await starts(world, host), before, 'nothing was restarted');
    } finally {
      await asBefore(world, host);
    }
  },
};

export const LIMITS = { ours, theirs };
