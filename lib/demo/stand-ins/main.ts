// What the stand-in commands of a demo node run when plain sh is not enough: `main.ts TOOL ARGUMENTS…`.

import { askManager } from './ask-manager.ts';
import { curl } from './curl.ts';
import { journalctl } from './journalctl.ts';
import { lsof } from './lsof.ts';
import { ss } from './ss.ts';

const [tool = '', ...argv] = process.argv.slice(2);
const setting = (name: string) => process.env[name] ?? '';

// A reader that left (`| head`, a closed SSH channel) ends the command, as SIGPIPE would.
process.stdout.on('error', () => process.exit(141));
process.stderr.on('error', () => process.exit(141));

async function run(): Promise<number> {
  switch (tool) {
    case 'systemctl':
    case 'systemd-run':
      return askManager({ socketPath: setting('HEADROOM_DEMO_SOCKET'), node: setting('HEADROOM_DEMO_NODE'), tool, argv });
    case 'journalctl':
      return journalctl(argv, setting('HEADROOM_DEMO_LOG'));
    case 'lsof':
      return lsof(argv);
    case 'ss':
      return ss(argv, { unitsDir: setting('HEADROOM_DEMO_UNITS'), ports: setting('HEADROOM_DEMO_PORTS').split(',').map(Number) });
    case 'curl':
      return curl(argv, Number(setting('HEADROOM_DEMO_METRICS_PORT')));
    default:
      console.error(`${tool}: no stand-in`);
      return 127;
  }
}

process.exitCode = await run().catch((error: unknown) => {
  console.error(`${tool}: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
