import { runSchema } from '#shared/runs.ts';
import { NOW } from '#test/support/scripted-console.ts';

const at = new Date(NOW).toISOString();
const step = { key: 'preflight', kind: 'preflight', title: 'preflight' };

/** A run of one node in its first step. */
export const BEGUN_RUN = runSchema.parse({
  id: 'r_01hxyz4f2k9',
  runbook: { key: 'fd-leak', version: '1', title: 'Descriptor leak' },
  selector: 'name=edge-1',
  strategy: {},
  params: {},
  dryRun: false,
  status: 'running',
  verdict: null,
  summary: 'the run is running',
  startedBy: 'ana',
  createdAt: at,
  finishedAt: null,
  plan: [step],
  targets: [
    {
      nodeId: 'n_1',
      name: 'edge-1',
      batch: 0,
      status: 'running',
      verdict: null,
      summary: '',
      judgement: null,
      revertAt: null,
      steps: [
        { ...step, status: 'running', verdict: null, summary: '', startedAt: at, finishedAt: null, output: '', gate: null, evidence: [] },
      ],
    },
  ],
});
