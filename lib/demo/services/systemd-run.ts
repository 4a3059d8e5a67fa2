import { spanMs } from './span.ts';
import type { TransientSpec } from './timers.ts';

type Parsed = { ok: true; spec: TransientSpec; quiet: boolean } | { ok: false; message: string };

const FLAGS = new Set(['--collect', '-G', '--no-block', '--no-ask-password', '--system', '--remain-after-exit', '-r']);
/** options that say nothing to a stand-in: accuracy (it fires on time), resource control, descriptions */
const IGNORED = new Set([
  '--timer-property',
  '--property',
  '-p',
  '--description',
  '--slice',
  '--uid',
  '--gid',
  '--service-type',
  '--setenv',
  '-E',
]);

const SPANS = new Set(['--on-active', '--on-unit-active', '--on-boot', '--on-startup', '--on-unit-inactive']);

/** `systemd-run --unit=NAME --on-active=5 --on-unit-active=5 [options] CMD…` as the manual page has it. */
export function parseSystemdRun(argv: string[], newName: () => string): Parsed {
  const spans = new Map<string, number>();
  let name = newName();
  let quiet = false;
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-')) break;
    if (word === '-q' || word === '--quiet') {
      quiet = true;
      continue;
    }
    if (FLAGS.has(word)) continue;
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const option = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? argv[++at] : word.slice(equals + 1);
    if (value === undefined) return { ok: false, message: `systemd-run: option '${option}' requires an argument` };
    if (option === '--unit' || option === '-u') name = value.replace(/[.](service|timer)$/, '');
    else if (SPANS.has(option)) {
      const span = spanMs(value);
      if (span === null) return { ok: false, message: `Failed to parse ${option.slice(2)}= argument: ${value}` };
      spans.set(option, span);
    } else if (!IGNORED.has(option)) return { ok: false, message: `systemd-run: unrecognized option '${option}'` };
  }
  const command = argv.slice(at);
  if (!/^[A-Za-z0-9:_.@-]{1,200}$/.test(name)) return { ok: false, message: `Failed to mangle unit name: ${name}` };
  if (command.length === 0) return { ok: false, message: 'Command line to execute required.' };
  const first = spans.get('--on-active') ?? spans.get('--on-startup') ?? spans.get('--on-boot') ?? spans.get('--on-unit-active');
  return {
    ok: true,
    quiet,
    spec: { name, argv: command, onActiveMs: first ?? null, onUnitActiveMs: spans.get('--on-unit-active') ?? null },
  };
}
