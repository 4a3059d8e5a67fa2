// Replaces the key of DATA_DIR and dies, as by kill -9, at step STEP: `rotation-process.ts DATA_DIR STEP`. Without a step it prints them.
import path from 'node:path';
import { openDatabase } from '#server/db/index.ts';
import { openKeyring, rotateSecrets } from '#server/settings/index.ts';

const [dataDir = '', fatal] = process.argv.slice(2);
const db = await openDatabase({ file: path.join(dataDir, 'headroom.db') });
const source = { dataDir, secret: null, secretPrevious: null };
await openKeyring(db, source);
await rotateSecrets(db, source, {
  onStep: (step) => {
    if (step === fatal) process.kill(process.pid, 'SIGKILL');
    if (fatal === undefined) process.stdout.write(`${step}\n`);
  },
});
await db.destroy();
