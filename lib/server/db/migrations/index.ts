import { core } from './0001-core.ts';
import { ssh } from './0002-ssh.ts';
import { runs } from './0003-runs.ts';
import { transports } from './0004-transports.ts';
import { xray } from './0005-xray.ts';
import { changeRules } from './0006-change-rules.ts';
import { runbooks } from './0007-runbooks.ts';
import { byHand } from './0008-by-hand.ts';
import { nodeMarks } from './0009-node-marks.ts';
import { accounts } from './0010-accounts.ts';
import { grants } from './0011-grants.ts';
import { secretKeys } from './0013-secrets.ts';
import { incidents } from './0014-incidents.ts';
import { notify } from './0015-notify.ts';
import { alertRules } from './0016-alert-rules.ts';
import { drills } from './0017-drills.ts';
import { processes } from './0019-processes.ts';
import { storms } from './0020-storms.ts';

/** Forward only, in this order. One that was released never changes; what it did wrong is put right by a later one. */
export const MIGRATIONS: readonly Migration[] = [
  core,
  ssh,
  runs,
  transports,
  xray,
  changeRules,
  runbooks,
  byHand,
  nodeMarks,
  accounts,
  grants,
  secretKeys,
  incidents,
  notify,
  alertRules,
  drills,
  processes,
  storms,
];

/** `sql`: one or more statements for SQLite; `postgres`: the same tables there, camelCase names in double quotes, times as BIGINT. */
export type Migration = { name: string; sql: string; postgres: string };
