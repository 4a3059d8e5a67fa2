// Every fault on many hosts, by hand: `npm run fleet -- [--hosts 20] [--only WORDS]`. Needs root on Debian. Writes the table into docs/reliability.md.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { EVERY_FAULT, type Fault } from './faults.ts';
import { type Host, type HostSpec, hostsMissing } from './hosts.ts';
import { putRight, startWorld, type World } from './world.ts';

const PAGE = path.resolve(import.meta.dirname, '../../docs/reliability.md');
const KINDS = ['prepared', 'bare', 'foreign'] as const;

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '20' }, only: { type: 'string', default: '' } } });
const count = Number(values.hosts);
if (!Number.isInteger(count) || count < 3 || count > 100) throw new Error(`--hosts is ${values.hosts}: a number from 3 to 100`);
const missing = hostsMissing();
if (missing !== null) throw new Error(`the hosts cannot be here: ${missing}`);

type Result = { fault: Fault; kind: string; host: string; error: string | null; seconds: number };
const results: Result[] = [];

async function inject(world: World, fault: Fault, host: Host): Promise<void> {
  // what an earlier fault that was not withstood has left
  if (fault.alone && !world.console.alive()) await world.console.start();
  await putRight(world, host);
  const startedAt = performance.now();
  const error = await fault.run(world, host).then(
    () => null,
    (reason) => (reason instanceof Error ? reason.message : String(reason)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  results.push({ fault, kind: host.kind, host: host.name, error, seconds });
  console.log(
    `${error === null ? 'ok  ' : 'FAIL'} ${fault.name}, on ${host.name} (${host.kind}), ${seconds.toFixed(0)} s${error === null ? '' : `\n${error}`}`,
  );
}

/** Faults that leave the console alone go on side by side, a host each; the others one after the other. */
async function injectAll(world: World): Promise<void> {
  const faults = EVERY_FAULT.filter(({ name }) => name.includes(values.only));
  const free = new Map(KINDS.map((kind) => [kind, world.hosts.hosts.filter((host) => host.kind === kind)]));
  const pairs = faults.flatMap((fault) => fault.kinds.map((kind) => ({ fault, kind })));
  const together = pairs.filter(({ fault }) => !fault.alone);
  await Promise.all(
    KINDS.map(async (kind) => {
      const mine = together.filter((pair) => pair.kind === kind).values();
      const work = async (host: Host) => {
        for (const { fault } of mine) await inject(world, fault, host);
      };
      await Promise.all((free.get(kind) ?? []).map(work));
    }),
  );
  let nth = 0;
  for (const { fault, kind } of pairs.filter((pair) => pair.fault.alone)) {
    const hosts = free.get(kind) ?? [];
    const host = hosts[nth++ % hosts.length];
    if (host) await inject(world, fault, host);
  }
}

function writePage(seconds: number): void {
  const rows = EVERY_FAULT.filter((fault) => results.some((r) => r.fault === fault)).map((fault) => {
    const cells = KINDS.map((kind) => {
      const mine = results.filter((r) => r.fault === fault && r.kind === kind);
      const failed = mine.filter((r) => r.error !== null).length;
      return mine.length === 0
        ? ''
        : failed === 0
          ? `held (${Math.max(...mine.map((r) => r.seconds)).toFixed(0)} s)`
          : `**${failed} of ${mine.length} failed**`;
    });
    return `| ${fault.name} | ${fault.kept} | ${cells.join(' | ')} |`;
  });
  const section = `<!-- fleet: written by test/fleet/run.ts -->
## Faults in the middle of a run, on real hosts

${count} hosts with real systemd, journald, sudo and OpenSSH, each in namespaces of its own, under traffic; a third of them prepared (helper and revert
timer), a third bare, a third a stand-in for SNIProxy-rs on a bare host. The console is a process of its own, and is killed with SIGKILL.

| fault | what is kept | prepared | bare | theirs |
|---|---|---|---|---|
${rows.join('\n')}

\`node test/fleet/run.ts --hosts ${count}\`, ${seconds.toFixed(0)} s, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}
<!-- /fleet -->`;
  const page = fs.readFileSync(PAGE, 'utf8');
  const old = /<!-- fleet: [\s\S]*?<!-- \/fleet -->/;
  fs.writeFileSync(PAGE, old.test(page) ? page.replace(old, () => section) : `${page.trimEnd()}\n\n${section}\n`);
}

const startedAt = performance.now();
const specs = Array.from({ length: count }, (_, i): HostSpec => ({ kind: KINDS[i % KINDS.length] ?? 'bare' }));
const world = await startWorld(specs);
try {
  await injectAll(world);
} finally {
  await world.stop();
}
if (values.only === '') writePage((performance.now() - startedAt) / 1000);
process.exitCode = results.every((r) => r.error === null) ? 0 : 1;
