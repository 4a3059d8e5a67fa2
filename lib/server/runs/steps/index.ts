import type { StepKind } from '#shared/runbooks.ts';
import { armRevert } from './arm-revert.ts';
import { baseline } from './baseline.ts';
import { capture } from './capture.ts';
import type { StepRunner } from './context.ts';
import { disarmRevert } from './disarm-revert.ts';
import { editConfig } from './edit-config.ts';
import { gate } from './gate.ts';
import { checkHost, installProxy, verifyInstall } from './install.ts';
import { note } from './note.ts';
import { notify } from './notify.ts';
import { preflight } from './preflight.ts';
import { service } from './service.ts';
import { setLimit } from './set-limit.ts';
import { pushRelease, switchRelease, verifyRelease } from './upgrade.ts';
import { validate } from './validate.ts';
import { verifyFds } from './verify-fds.ts';
import { verifyLogs } from './verify-logs.ts';
import { verifyMetrics } from './verify-metrics.ts';
import { verifyProcess } from './verify-process.ts';
import { watch } from './watch.ts';

/** Kinds that a runbook may name and this console cannot run yet are refused when a run is started. */
export const STEP_RUNNERS: Partial<Record<StepKind, StepRunner>> = {
  preflight,
  baseline,
  'arm-revert': armRevert,
  'edit-config': editConfig,
  validate,
  service,
  'verify-process': verifyProcess,
  'verify-fds': verifyFds,
  watch,
  'verify-logs': verifyLogs,
  'verify-metrics': verifyMetrics,
  'disarm-revert': disarmRevert,
  capture,
  'set-limit': setLimit,
  'push-release': pushRelease,
  'switch-release': switchRelease,
  'verify-release': verifyRelease,
  'check-host': checkHost,
  'install-proxy': installProxy,
  'verify-install': verifyInstall,
  gate,
  note,
  notify,
};
