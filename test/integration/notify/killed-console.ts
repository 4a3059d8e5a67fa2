import { readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { createRuntime } from '#server/runtime.ts';
import { alertOf, say, webhookTo } from './rig.ts';

/**
 * A console that says alerts as fast as it can and prints the key of each one whose transaction is done; to be killed.
 *   node killed-console.ts <data directory> <webhook URL> <first number> <how many>
 */
const [dataDir = '', url = '', first = '0', many = '0'] = process.argv.slice(2);
const config = readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'error' });
const runtime = await createRuntime({ config, log: createLog({ level: config.logLevel, pretty: false }) });
if ((await runtime.notify.channels()).length === 0) await webhookTo(runtime, url);
runtime.notify.start();
console.log('started');
for (let i = Number(first); i < Number(first) + Number(many); i++) {
  await say(runtime, alertOf({ key: `incident:in_${i}` }));
  console.log(`said incident:in_${i}`);
}
setInterval(() => undefined, 60_000);
