// npm run drill: a whole drill on a demo fleet of its own, driven through the browser from the alarm to the postmortem, times printed. About 8 minutes.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', 'test/e2e/drill.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, HEADROOM_DRILL: 'whole' },
});
process.exit(status ?? 1);
