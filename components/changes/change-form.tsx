'use client';
import { useState } from 'react';
import { useChangePreview } from '#client/changes.ts';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { Switch } from '#components/ui/switch.tsx';
import type { PoolSettings } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { BudgetCard } from './budget-card.tsx';
import { NodeDiff } from './node-diff.tsx';
import { StartCard } from './start-card.tsx';

const KEYS = [
  { key: 'max_per_host', unit: 'sockets' },
  { key: 'connection_ttl', unit: 's' },
  { key: 'idle_timeout', unit: 's' },
  { key: 'cleanup_interval', unit: 's' },
] as const;
const NO_NODES: readonly string[] = [];
type Key = (typeof KEYS)[number]['key'];

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
        <BudgetCard nodeIds={preview.data?.nodes.map(({ nodeId }) => nodeId) ?? NO_NODES} pool={pool} />
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
            placeholder="as it is"
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
