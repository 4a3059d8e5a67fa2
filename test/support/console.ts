import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createToken } from '#server/access/index.ts';
import { readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRuntime, type Runtime } from '#server/runtime.ts';
import { setRuntime } from '#server/slot.ts';
import type { Actor, Role } from '#shared/access.ts';

const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };

/** The whole console without its pages, on a data directory of its own, in the slot where route handlers find it. */
export async function testConsole(t: Pick<TestContext, 'after'>, env: Record<string, string> = {}) {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'console-'));
  const config = readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'silent', ...env });
  const runtime: Runtime = await createRuntime({ config, log: createLog({ level: config.logLevel, pretty: false }) });
  setRuntime(runtime);
  t.after(async () => {
    setRuntime(undefined);
    await runtime.stop();
    fs.rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    runtime,
    token: async (role: Role): Promise<string> => (await runtime.command(SYSTEM, createToken, { name: `test ${role}`, role })).token,
  };
}
