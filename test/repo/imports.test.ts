import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../..');
const ROOMS = ['app', 'components', 'lib', 'proxy-core/src'];

const cruised = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string(), severity: z.string() }) })),
    totalCruised: z.number(),
  }),
  modules: z.array(z.object({ source: z.string() })),
});
const rules = z.object({
  forbidden: z.array(z.object({ name: z.string() })),
  required: z.array(z.object({ name: z.string() })),
});

/** dependency-cruiser exits with the number of violations; its JSON is on stdout either way. */
function cruise(cwd: string) {
  const bin = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rooms = ROOMS.filter((room) => fs.existsSync(path.join(cwd, room)));
  const args = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...rooms];
  let stdout: string;
  try {
    stdout = execFileSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    stdout = z.object({ stdout: z.string() }).parse(error).stdout;
  }
  return cruised.parse(JSON.parse(stdout));
}

/** One file per rule that breaks it: [rule, path of the file, its text]. */
const PLANTED: [rule: string, file: string, text: string][] = [
  ['server-kernel', 'lib/server/kernel/x.ts', "import '#server/db/index.ts';"],
  ['server-db', 'lib/server/db/x.ts', "import '#server/audit/index.ts';"],
  ['server-events', 'lib/server/events/x.ts', "import '#server/audit/index.ts';"],
  ['server-workers', 'lib/server/workers/x.ts', "import '#server/audit/index.ts';"],
  ['server-detect', 'lib/server/detect/x.ts', "import '#server/db/index.ts';"],
  ['server-runbooks', 'lib/server/runbooks/x.ts', "import '#server/audit/index.ts';"],
  ['server-settings', 'lib/server/settings/x.ts', "import '#server/audit/index.ts';"],
  ['server-access', 'lib/server/access/x.ts', "import '#server/command/index.ts';"],
  ['server-audit', 'lib/server/audit/x.ts', "import '#server/access/index.ts';"],
  ['server-command', 'lib/server/command/x.ts', "import '#server/nodes/index.ts';"],
  ['server-ssh', 'lib/server/ssh/x.ts', "import '#server/nodes/index.ts';"],
  ['server-metrics', 'lib/server/metrics/x.ts', "import '#server/scrape/index.ts';"],
  ['server-nodes', 'lib/server/nodes/x.ts', "import '#server/ssh/index.ts';"],
  ['server-config', 'lib/server/config/x.ts', "import '#server/runs/index.ts';"],
  ['server-xray', 'lib/server/xray/x.ts', "import '#server/runs/index.ts';"],
  ['server-backtest', 'lib/server/backtest/x.ts', "import '#server/runs/index.ts';"],
  ['server-scrape', 'lib/server/scrape/x.ts', "import '#server/runs/index.ts';"],
  ['server-help', 'lib/server/help/x.ts', "import '#server/runs/index.ts';"],
  ['server-incidents', 'lib/server/incidents/x.ts', "import '#server/audit/index.ts';"],
  ['server-runs', 'lib/server/runs/x.ts', "import '#server/access/index.ts';"],
  ['server-notify', 'lib/server/notify/x.ts', "import '#server/runs/index.ts';"],
  ['server-operations', 'lib/server/operations/x.ts', "import '#server/runs/index.ts';"],
  ['server-drills', 'lib/server/drills/x.ts', "import '#server/runs/index.ts';"],
  ['server-reports', 'lib/server/reports/x.ts', "import '#server/runs/index.ts';"],
  ['server-fleet', 'lib/server/fleet/x.ts', "import '#server/audit/index.ts';"],
  ['server-module-is-listed', 'lib/server/misc/x.ts', "import '#shared/plain.ts';"],
  ['front-door', 'app/api/front-door.ts', "import '#server/nodes/store.ts';"],
  ['front-door-inside', 'lib/server/runs/inside.ts', "import '#server/nodes/store.ts';"],
  ['runtime-is-the-top', 'lib/server/runs/top.ts', "import '#server/runtime.ts';"],
  ['no-cycles', 'lib/shared/cycle-a.ts', "import './cycle-b.ts';"],
  ['no-unresolved', 'lib/shared/nowhere.ts', "import './is-not-there.ts';"],
  ['proxy-core-alone', 'proxy-core/src/alone.ts', "import '#shared/plain.ts';"],
  ['proxy-core-by-contract', 'lib/demo/reaches-in.ts', "import '../../proxy-core/src/proxy.ts';"],
  ['contract-through-shared', 'components/nodes/contract.ts', "import '#contract/plain.ts';"],
  ['pure-below', 'lib/shared/impure.ts', "import 'node:fs';"],
  ['contract-at-bottom', 'proxy-core/src/contract/up.ts', "import '../proxy.ts';"],
  ['shared-at-bottom', 'lib/shared/up.ts', "import '#server/nodes/index.ts';"],
  ['browser-never-sees-server', 'components/nodes/server.ts', "import type { N } from '#server/nodes/index.ts';\nexport type M = N;"],
  ['browser-has-no-node', 'lib/client/fs.ts', "import 'node:fs';"],
  ['client-below-components', 'lib/client/up.ts', "import '#components/nodes/plain.ts';"],
  ['server-is-headless', 'lib/server/nodes/ui.ts', "import '#components/nodes/plain.ts';"],
  ['nothing-imports-app', 'components/nodes/app.ts', "import '#app/plain.ts';"],
  ['nothing-imports-test', 'lib/server/nodes/test.ts', "import '#test/plain.ts';"],
  ['demo-and-cli-are-clients', 'lib/cli/x.ts', "import '#server/nodes/index.ts';"],
  ['demo-by-index', 'lib/cli/demo.ts', "import '#demo/inner.ts';"],
  ['one-owner-ssh', 'lib/server/scrape/ssh.ts', "import 'ssh2';"],
  ['one-owner-sql', 'lib/server/scrape/sql.ts', "import 'node:sqlite';"],
  ['one-owner-chart', 'components/nodes/chart.ts', "import 'uplot';"],
  ['ui-kit-knows-no-domain', 'components/ui/domain.ts', "import '#components/nodes/plain.ts';"],
  ['features-do-not-touch', 'components/runs/x.ts', "import '#components/nodes/plain.ts';"],
  ['every-route-is-handled', 'app/api/v1/naked/route.ts', 'export const GET = () => new Response();'],
];

/** What the planted files point at; none of these breaks a rule by itself. */
const STUBS = [
  ...['db', 'audit', 'access', 'command', 'nodes', 'ssh', 'runs', 'scrape'].map((module) => `lib/server/${module}/index.ts`),
  'lib/server/nodes/store.ts',
  'lib/server/runtime.ts',
  'lib/shared/plain.ts',
  'lib/demo/inner.ts',
  'components/nodes/plain.ts',
  'app/plain.ts',
  'test/plain.ts',
  'proxy-core/src/proxy.ts',
  'proxy-core/src/contract/plain.ts',
];

describe('who may import whom', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'imports-'));
  after(() => fs.rmSync(dir, { recursive: true, force: true }));

  test('the tree keeps the table, and every source file was looked at', () => {
    const { summary, modules } = cruise(root);
    assert.deepEqual(
      summary.violations.filter((v) => v.rule.severity === 'error').map((v) => `${v.rule.name}: ${v.from} → ${v.to}`),
      [],
    );
    const seen = new Set(modules.map((module) => module.source));
    const sources = execFileSync('git', ['ls-files', '--', ...ROOMS], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && fs.existsSync(path.join(root, file)));
    assert.ok(sources.length > 20, `${sources.length} source files are in git`);
    assert.deepEqual(
      sources.filter((file) => !seen.has(file)),
      [],
    );
  });

  test('every rule catches the violation planted for it', () => {
    const put = (file: string, text: string) => {
      fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
      fs.writeFileSync(path.join(dir, file), text);
    };
    for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs'])
      fs.copyFileSync(path.join(root, file), path.join(dir, file));
    fs.symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
    for (const file of STUBS) put(file, 'export type N = number;\nexport const x = 1;\n');
    put('lib/shared/cycle-b.ts', "import './cycle-a.ts';\n");
    for (const [, file, text] of PLANTED) put(file, `${text}\n`);

    const { violations } = cruise(dir).summary;
    const caught = new Set(violations.map((v) => `${v.rule.name} ${v.from}`));
    assert.deepEqual(
      PLANTED.filter(([name, file]) => !caught.has(`${name} ${file}`)).map(([name]) => name),
      [],
    );
  });

  test('every rule has a planted violation', () => {
    const config = rules.parse(createRequire(import.meta.url)(path.join(root, '.dependency-cruiser.cjs')));
    const names = [...config.forbidden, ...config.required].map((rule) => rule.name);
    assert.deepEqual(
      names.filter((name) => !PLANTED.some(([rule]) => rule === name)),
      [],
    );
  });
});
