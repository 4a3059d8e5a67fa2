'use client';
import { FlaskConical, Play } from 'lucide-react';
import { useState } from 'react';
import { type InSpite, intentOf, useStartRun, wasClosed } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card, Facts } from '#components/ui/card.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { NotStarted } from '#components/ui/not-started.tsx';
import type { ChangePreview } from '#shared/changes.ts';
import { ON_FAIL_WORDS } from '#shared/on-fail-words.ts';
import type { PoolSettings, RunInput } from '#shared/runs.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { batchSizes, type StrategyDraft, strategyOf, USUAL_STRATEGY } from './strategy-draft.ts';

/** The runbooks by which pool settings are changed; the first judges too, and only where the pool is turned off. */
const WAYS = {
  'fd-leak': 'as fd-leak: restart, watch and judge',
  'pool-settings': 'only apply and verify the restart',
  'pool-reload': 'reload where a node can, restart where not',
} as const;
type Way = keyof typeof WAYS;
const APPLYING: readonly Way[] = ['pool-settings', 'pool-reload'];
const JUDGING: readonly Way[] = ['fd-leak', ...APPLYING];

/** How it goes, and the buttons. A dry run looks, checks and shows; only Start changes a node. */
export function StartCard({
  selector,
  pool,
  preview,
  ready,
  onStarted,
}: {
  selector: string;
  pool: PoolSettings;
  preview: ChangePreview | undefined;
  ready: boolean;
  onStarted: (runId: string) => void;
}) {
  const start = useStartRun();
  const session = useSession();
  const [intent] = useState(() => crypto.randomUUID());
  const [typed, setTyped] = useState('');
  const [draft, setDraft] = useState(USUAL_STRATEGY);
  const judgeable = pool.enabled === false && Object.keys(pool).length === 1;
  const [chosen, setWay] = useState<Way>('fd-leak');
  const offered = judgeable ? JUDGING : APPLYING;
  const way: Way = offered.includes(chosen) ? chosen : 'pool-settings';
  const nodes = preview?.nodes ?? [];
  const fine = nodes.filter((node) => node.ok).length;
  const many = nodes.length > 1;
  const { strategy, errors } = strategyOf(draft, many);
  const refused = whyNotStart({
    ready,
    nodes: nodes.length,
    fine,
    valid: Object.keys(errors).length === 0,
    mayStart: may(session.data, 'run.start'),
  });
  const counted = !many || typed.trim() === String(nodes.length);
  const go = (dryRun: boolean, { onClosed, override }: InSpite = {}) => {
    const input: RunInput = {
      runbook: way,
      selector,
      strategy: onClosed ? { ...strategy, onClosed } : strategy,
      ...(override && { override }),
      ...(way === 'fd-leak' ? {} : { params: pool }),
      ...(dryRun ? { dryRun } : {}),
    };
    start.mutate({ input, intent: intentOf(intent, input) }, { onSuccess: (run) => onStarted(run.id) });
  };
  return (
    <div className="stack change-rail">
      <Card title="Start">
        <div className="stack">
          <Facts
            rows={[
              ['Nodes', formatCount(nodes.length), 'nodes'],
              ['Files that change', formatCount(nodes.filter((node) => node.changedBytes > 0).length), 'files'],
              ['Restarts', `${way === 'pool-reload' ? 'at most ' : ''}${formatCount(nodes.length)}${many ? ', one each' : ''}`, 'restarts'],
              ...(many && !errors.batches
                ? [['Batches', batchSizes(strategy.batches ?? [], nodes.length).join(' + '), 'batches'] as const]
                : []),
            ]}
          />
          <SelectField
            label="How"
            value={way}
            onChange={(event) => setWay(offered.find((one) => one === event.target.value) ?? 'pool-settings')}
          >
            {offered.map((one) => (
              <option key={one} value={one}>
                {WAYS[one]}
              </option>
            ))}
          </SelectField>
          <StrategyFields draft={draft} errors={errors} many={many} onChange={(change) => setDraft({ ...draft, ...change })} />
          {many ? (
            <TextField
              label={`Type ${nodes.length} to start on ${plural(nodes.length, 'node')}`}
              inputMode="numeric"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          ) : null}
          <NotStarted
            error={start.error}
            closed={wasClosed(start.error)}
            mayOverride={may(session.data, 'run.approve')}
            busy={start.isPending}
            onWait={() => go(false, { onClosed: 'wait' })}
            onOverride={(reason) => go(false, { override: { reason } })}
          />
          <div className="row wrap">
            <Button look="primary" disabled={refused !== null || !counted || start.isPending} onClick={() => go(false)}>
              <Play className="i s" aria-hidden="true" />
              {nodes.length === 0 ? 'Start' : `Start on ${plural(nodes.length, 'node')}`}
            </Button>
            <Button disabled={refused !== null || start.isPending} onClick={() => go(true)}>
              <FlaskConical className="i s" aria-hidden="true" />
              Dry run
            </Button>
          </div>
          <p className="help">
            {refused ??
              (counted
                ? 'A dry run looks, runs the preflight and shows the diff of each node. It changes nothing.'
                : `The count goes above; a dry run needs none.`)}
          </p>
        </div>
      </Card>
      <Callout>
        <b>If this console dies</b> the run resumes, or each node restores itself. A backup stays next to the file.
      </Callout>
    </div>
  );
}

function whyNotStart(o: { ready: boolean; nodes: number; fine: number; valid: boolean; mayStart: boolean }): string | null {
  if (!o.mayStart) return 'Starting a run needs the operator role; an admin can give it to you.';
  if (o.nodes === 0) return 'Name the nodes first.';
  if (o.fine < o.nodes)
    return `${plural(o.nodes - o.fine, 'node')} cannot be changed as it is: see the diff, or take it out of the selector.`;
  if (!o.valid) return 'A field above cannot be read.';
  return o.ready ? null : 'The diff is being read.';
}

function StrategyFields({
  draft,
  errors,
  many,
  onChange,
}: {
  draft: StrategyDraft;
  errors: Partial<Record<keyof StrategyDraft, string>>;
  many: boolean;
  onChange: (change: Partial<StrategyDraft>) => void;
}) {
  const field = (key: Exclude<keyof StrategyDraft, 'onFail' | 'gates'>) => ({
    value: draft[key],
    error: errors[key],
    onChange: (event: { target: { value: string } }) => onChange({ [key]: event.target.value }),
  });
  return (
    <>
      {many ? (
        <>
          <TextField label="Batches" help="counts and shares; the first is the canary" {...field('batches')} />
          <div className="change-keys">
            <TextField label="At once, at most" unit="nodes" inputMode="numeric" {...field('maxParallel')} />
            <TextField label="Watch after a batch" unit="s" inputMode="numeric" {...field('bakeSeconds')} />
            <TextField label="May fail" unit="nodes" inputMode="numeric" {...field('maxFailed')} />
            <TextField label="Never two at once of" placeholder="site" help="one value of this label" {...field('failureGroup')} />
          </div>
        </>
      ) : null}
      <SelectField
        label="When one fails"
        value={draft.onFail}
        onChange={({ target }) =>
          onChange({ onFail: target.value === 'abort' ? 'abort' : target.value === 'rollback' ? 'rollback' : 'pause' })
        }
      >
        {(['pause', 'abort', 'rollback'] as const).map((value) => (
          <option key={value} value={value}>
            {ON_FAIL_WORDS[value]}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Keep or revert?"
        help={
          draft.gates === 'auto'
            ? 'a node whose checks pass keeps the change'
            : `asked ${many ? 'of each node' : 'once'}, when its checks are done`
        }
        value={draft.gates}
        onChange={({ target }) => onChange({ gates: target.value === 'auto' ? 'auto' : 'manual' })}
      >
        <option value="manual">ask me</option>
        <option value="auto">answer with the default</option>
      </SelectField>
      <TextField
        label="A changed node waits for the console"
        unit="s"
        inputMode="numeric"
        help="then restores config.yaml and restarts by itself"
        {...field('confirmSeconds')}
      />
    </>
  );
}
