'use client';
import { Play } from 'lucide-react';
import { useState } from 'react';
import { useChangePreview } from '#client/changes.ts';
import { useStartRun } from '#client/runs.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card, Facts } from '#components/ui/card.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { Switch } from '#components/ui/switch.tsx';
import type { ChangePreview } from '#shared/changes.ts';
import type { PoolSettings, RunInput } from '#shared/runs.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { NodeDiff } from './node-diff.tsx';

const KEYS = [
  { key: 'max_per_host', unit: 'sockets' },
  { key: 'connection_ttl', unit: 's' },
  { key: 'idle_timeout', unit: 's' },
  { key: 'cleanup_interval', unit: 's' },
] as const;
type Key = (typeof KEYS)[number]['key'];
type Way = 'fd-leak' | 'pool-settings';

/** Targets → edit → diff → start, on one page. Nothing on a node is touched before Start. */
export function ChangeForm({
  selector,
  pool: first,
  onSelector,
  onStarted,
}: {
  selector: string;
  pool: boolean | null;
  onSelector: (selector: string) => void;
  onStarted: (runId: string) => void;
}) {
  const [enabled, setEnabled] = useState<boolean | null>(first ?? false);
  const [texts, setTexts] = useState<Partial<Record<Key, string>>>({});
  const [draft, setDraft] = useState(selector);
  const { pool, errors } = poolOf(enabled, texts);
  const preview = useChangePreview(selector, pool);
  return (
    <div className="change-lay">
      <div className="stack">
        <Card title="Targets" meta={preview.data ? plural(preview.data.nodes.length, 'node') : undefined}>
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault();
              onSelector(draft.trim());
            }}
          >
            <div className="grow">
              <TextField
                label="On which nodes"
                value={draft}
                placeholder="name=edge-fra-01"
                help="A selector: name=edge-fra-01, group=edge zone=fra, pool=on"
                onChange={(event) => setDraft(event.target.value)}
                onBlur={() => draft.trim() !== selector && onSelector(draft.trim())}
              />
            </div>
          </form>
        </Card>
        <Card title="Edit" meta="connection_pool in config.yaml" flush>
          <div className="change-edit">
            <PoolFields
              enabled={enabled}
              onEnabled={setEnabled}
              texts={texts}
              errors={errors}
              onText={(key, text) => setTexts({ ...texts, [key]: text })}
            />
            <Preview selector={selector} preview={preview} />
          </div>
        </Card>
      </div>
      <StartCard
        selector={selector}
        pool={pool}
        preview={preview.data}
        ready={Object.keys(errors).length === 0 && !preview.isFetching}
        onStarted={onStarted}
      />
    </div>
  );
}

function poolOf(
  enabled: boolean | null,
  texts: Partial<Record<Key, string>>,
): { pool: PoolSettings; errors: Partial<Record<Key, string>> } {
  const pool: PoolSettings = enabled === null ? {} : { enabled };
  const errors: Partial<Record<Key, string>> = {};
  for (const { key } of KEYS) {
    const text = texts[key]?.trim() ?? '';
    if (text === '') continue;
    if (/^[1-9]\d{0,6}$/.test(text)) pool[key] = Number(text);
    else errors[key] = 'Write a whole number above 0';
  }
  return { pool, errors };
}

function PoolFields({
  enabled,
  onEnabled,
  texts,
  errors,
  onText,
}: {
  enabled: boolean | null;
  onEnabled: (enabled: boolean) => void;
  texts: Partial<Record<Key, string>>;
  errors: Partial<Record<Key, string>>;
  onText: (key: Key, text: string) => void;
}) {
  return (
    <div className="change-form">
      <div className="change-switch">
        <Switch label="Connection pool" checked={enabled === true} onChange={onEnabled} />
        <div>
          <b>Turn the pool {enabled ? 'on' : 'off'}</b>
          <div className="mono t3">connection_pool.enabled</div>
        </div>
      </div>
      {enabled ? (
        <Callout tone="warn">
          <b>Connection pooling enabled - only use for forward proxy scenarios!</b> For transparent proxy (SNI-based routing), disable
          pooling to avoid leaks
        </Callout>
      ) : null}
      <div className="change-keys">
        {KEYS.map(({ key, unit }) => (
          <TextField
            key={key}
            label={<span className="mono">{key}</span>}
            unit={unit}
            inputMode="numeric"
            placeholder="unchanged"
            value={texts[key] ?? ''}
            error={errors[key]}
            onChange={(event) => onText(key, event.target.value)}
          />
        ))}
      </div>
      {enabled ? null : (
        <p className="help">These have no effect while the pool is off. Lines that you leave empty stay as they are in the file.</p>
      )}
    </div>
  );
}

function Preview({ selector, preview }: { selector: string; preview: ReturnType<typeof useChangePreview> }) {
  if (selector === '') return <div className="change-none t3">Name the nodes above to see what exactly would change in each file.</div>;
  if (preview.isPending)
    return (
      <Loading what="the diff">
        <div className="change-none">
          <Skeleton height={160} />
        </div>
      </Loading>
    );
  if (preview.isError)
    return (
      <div className="change-none">
        <ErrorState error={preview.error} onRetry={() => preview.refetch()} />
      </div>
    );
  return (
    <div className="change-diffs">
      {preview.data.nodes.map((node) => (
        <NodeDiff key={node.nodeId} node={node} />
      ))}
    </div>
  );
}

function StartCard({
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
  const [intent] = useState(() => crypto.randomUUID());
  const [typed, setTyped] = useState('');
  const judgeable = pool.enabled === false && Object.keys(pool).length === 1;
  const [chosen, setWay] = useState<Way>('fd-leak');
  const way: Way = judgeable ? chosen : 'pool-settings';
  const nodes = preview?.nodes ?? [];
  const fine = nodes.filter((node) => node.ok);
  const many = nodes.length > 1;
  const may =
    ready && fine.length > 0 && fine.length === nodes.length && !start.isPending && (!many || typed.trim() === String(nodes.length));
  const go = () => {
    const input: RunInput = { runbook: way, selector, ...(way === 'pool-settings' ? { params: pool } : {}) };
    start.mutate({ input, intent: `${intent}-${way}-${selector}` }, { onSuccess: (run) => onStarted(run.id) });
  };
  const problem = start.isError ? asProblem(start.error) : null;
  return (
    <div className="stack change-rail">
      <Card title="Start">
        <div className="stack">
          <Facts
            rows={[
              ['Nodes', formatCount(nodes.length), 'nodes'],
              ['Files that change', formatCount(nodes.filter((node) => node.changedBytes > 0).length), 'files'],
              ['Restarts', nodes.length > 1 ? `${formatCount(nodes.length)}, one each` : formatCount(nodes.length), 'restarts'],
            ]}
          />
          {judgeable ? (
            <SelectField
              label="How"
              value={chosen}
              onChange={(event) => setWay(event.target.value === 'fd-leak' ? 'fd-leak' : 'pool-settings')}
            >
              <option value="fd-leak">as fd-leak: restart, watch and judge</option>
              <option value="pool-settings">only apply and verify the restart</option>
            </SelectField>
          ) : null}
          {many ? (
            <TextField
              label={`Type ${nodes.length} to start on ${plural(nodes.length, 'node')}`}
              inputMode="numeric"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          ) : null}
          {nodes.length > fine.length ? (
            <Callout tone="danger">{plural(nodes.length - fine.length, 'node')} cannot be changed as it is: see the diff.</Callout>
          ) : null}
          {problem ? (
            <Callout tone="danger" live>
              <b>{problem.title}.</b> {problem.detail}
            </Callout>
          ) : null}
          <Button look="primary" disabled={!may} onClick={go}>
            <Play className="i s" aria-hidden="true" />
            {nodes.length === 0 ? 'Start' : `Start on ${plural(nodes.length, 'node')}`}
          </Button>
        </div>
      </Card>
      <Callout>
        <b>If this console dies</b> the run resumes, or each node restores itself. A backup stays next to the file.
      </Callout>
    </div>
  );
}
