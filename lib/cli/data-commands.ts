import type { Call, Command } from './command.ts';
import type { DataDirectoryCommand } from './data-directory.ts';

// loaded when it is wanted: a command that asks a console needs no database
const on = (command: DataDirectoryCommand) => async (call: Call) =>
  (await import('./data-directory.ts')).dataDirectory(command, {
    file: call.args[0] ?? '',
    json: call.json,
    metrics: call.flag('metrics'),
  });

export const DATA_COMMANDS: readonly Command[] = [
  {
    name: 'config',
    group: 'The data directory',
    summary: 'show every setting of the console: its value, where that is from, and its default',
    about: ['As the environment has them. Nothing secret is printed.'],
    takes: [],
    options: {},
    examples: [{ line: 'headroom config', does: 'would the console start with them?' }],
    exits: { 0: 'the console would start with them', 78: 'one is wrong, and is named with what it should be' },
    output: 'said',
    run: on('config'),
  },
  {
    name: 'backup',
    group: 'The data directory',
    summary: 'write one archive of the data directory as it is at this instant; the console may run',
    about: [
      'A tar.gz, mode 600. In it: the database (registry, runs, evidence, audit, accounts; secrets stay sealed), your runbooks, and with --metrics the samples too.',
      'The key is NOT in it: keep HEADROOM_SECRET, or the data directory’s file "secret", in another place. Without it a backup cannot be restored.',
      'Nothing is overwritten. Needs free space beside FILE for a copy of the database. With PostgreSQL it says how pg_dump does it.',
    ],
    takes: [{ name: 'FILE', help: 'the archive, which must not be there yet', file: true }],
    options: { metrics: { help: 'the samples too: they may be large, and the console fills them again' } },
    examples: [{ line: 'headroom backup /var/backups/headroom-$(date +%F).tar.gz', does: 'every night' }],
    exits: {
      0: 'written',
      1: 'it could not be (no space, no right)',
      78: 'a wrong setting, no database, or FILE is there already',
    },
    output: 'said',
    run: on('backup'),
  },
  {
    name: 'restore',
    group: 'The data directory',
    summary: 'put an archive of backup into an empty HEADROOM_DATA_DIR',
    about: [
      'Before anything is put there it checks every file by its sha256, the database, the chain of the audit, and that the key is at hand: set HEADROOM_SECRET, or put the key’s file into the data directory as "secret" (mode 600) first.',
      'An archive of an older version is brought up to date by the console’s first start; one of a newer version is refused.',
    ],
    takes: [{ name: 'FILE', help: 'an archive of headroom backup', file: true }],
    options: {},
    examples: [{ line: 'HEADROOM_DATA_DIR=/var/lib/headroom headroom restore headroom.tar.gz', does: 'on another machine' }],
    exits: { 0: 'restored', 1: 'it could not be written', 78: 'refused, in words (not empty, damaged, newer, no key)' },
    output: 'said',
    run: on('restore'),
  },
  {
    name: 'move',
    group: 'The data directory',
    summary: 'put the console of the data directory, or of an archive of backup, into an empty PostgreSQL database',
    about: [
      'Stop the console first; it says so when one runs. HEADROOM_DATABASE_URL names the database: one in which there is anything is refused. All of it is put there in one transaction, counted, and the chain of the audit walked there before it counts: when it is killed, nothing was moved, and what was here stays as it is in any case.',
      'HEADROOM_SECRET is the key there. When the secrets are sealed with another one (the data directory’s file "secret", or HEADROOM_SECRET_PREVIOUS), they are sealed anew on the way.',
      'Samples stay behind. Needs free space in the data directory for a copy of the database.',
    ],
    takes: [
      { name: 'FILE', help: 'an archive of headroom backup; the data directory’s own database unless given', optional: true, file: true },
    ],
    options: {},
    examples: [
      { line: 'headroom move', does: 'with HEADROOM_DATA_DIR, HEADROOM_DATABASE_URL and HEADROOM_SECRET set, the console stopped' },
    ],
    exits: {
      0: 'moved, counted and the audit whole',
      1: 'it failed, and nothing was moved',
      78: 'refused, in words (not empty, a console runs, damaged, newer, no key)',
    },
    output: 'said',
    run: on('move'),
  },
  {
    name: 'rotate-secret',
    group: 'The data directory',
    summary: 'seal every secret anew under another key, all or none of them',
    about: [
      'Stop the console first; it says so when one runs. Also when it is killed, all or none are under the new key.',
      'Key in the data directory: a fresh key takes the place of the file "secret"; back that up again.',
      'Key in HEADROOM_SECRET: set HEADROOM_SECRET to the new key and HEADROOM_SECRET_PREVIOUS to the old one, then run it; without HEADROOM_SECRET_PREVIOUS, it moves from the data directory’s file to HEADROOM_SECRET.',
      'PostgreSQL: no stop. Start all consoles anew with both variables, run it with both, take HEADROOM_SECRET_PREVIOUS away when convenient.',
      'Backups that were made before need the old key. When the old key was stolen together with the database, also replace what was sealed: the console’s SSH key on the nodes, tokens and passwords of other systems.',
    ],
    takes: [],
    options: {},
    examples: [{ line: 'headroom rotate-secret', does: 'with the console stopped' }],
    exits: { 0: 'replaced, or HEADROOM_SECRET was in use already', 1: 'it failed, and nothing changed', 78: 'refused, in words' },
    output: 'said',
    run: on('rotate-secret'),
  },
];
