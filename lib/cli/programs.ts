import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Answer } from './answer.ts';
import type { Call, Command } from './command.ts';

const scripts = path.resolve(import.meta.dirname, '../../scripts');

/** Runs one of the project's own scripts in this terminal, and ends as it ends. Ctrl-C reaches it by itself; other signals are passed on. */
const program = (name: string) => (call: Call) =>
  new Promise<Answer>((resolve) => {
    const child = spawn(process.execPath, [path.join(scripts, name), ...call.args], { stdio: 'inherit' });
    const pass = () => child.kill('SIGTERM');
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
    child.once('error', (error) => resolve({ lines: [`headroom: ${error.message}`], code: 1, error: true }));
    child.once('exit', (code) => resolve({ lines: [], code: code === 0 ? 0 : code === 78 ? 78 : code === 130 ? 130 : 1 }));
  });

export const PROGRAM_COMMANDS: readonly Command[] = [
  {
    name: 'start',
    group: 'The console',
    summary: 'start the console; installs and builds it first where that is needed',
    about: [
      'Its settings are environment variables: headroom config shows all of them. Ctrl-C stops it; runs go on when it is started again.',
    ],
    takes: [],
    options: {},
    examples: [{ line: 'PORT=8080 HEADROOM_DATA_DIR=/var/lib/headroom headroom start', does: 'on another port, with its data elsewhere' }],
    exits: { 0: 'it was stopped', 1: 'it could not be built or started', 78: 'a wrong setting, which it names' },
    output: 'words',
    passes: true,
    run: program('start.mjs'),
  },
  {
    name: 'demo',
    group: 'The console',
    summary: 'start a fleet of real nodes on this machine, two of them leaking, and a console with them',
    about: ['It prints one link that signs you in. Ctrl-C stops all of it and leaves nothing. headroom demo --help says what it takes.'],
    takes: [],
    options: {},
    examples: [
      { line: 'headroom demo', does: 'five nodes: find the two that leak' },
      { line: 'headroom demo --nodes 3 --drills pool-leak,none,none', does: 'smaller, and told which one leaks' },
    ],
    exits: { 0: 'it was stopped', 1: 'it could not be built or started' },
    output: 'words',
    passes: true,
    run: program('demo.mjs'),
  },
];
