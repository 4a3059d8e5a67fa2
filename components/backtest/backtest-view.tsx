'use client';
import { History } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMemo, useState } from 'react';
import { useBacktest } from '#client/backtest.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { BACKTEST_RULES } from '#shared/backtest.ts';
import { askedOf, DAYS, type Draft, RULE_KEYS, readDraft, usualDraft } from './asked.ts';
import { BacktestResult } from './backtest-result.tsx';

const USUAL = askedOf(usualDraft('leaking'));

/** Rule and threshold over stored history; the question is the URL. */
export function BacktestView() {
  const router = useRouter();
  const query = useSearchParams();
  const draft = useMemo(() => readDraft(query), [query]);
  const { asked, wrong } = askedOf(draft);
  const ask = (next: Draft) => router.replace(`/backtest?${new URLSearchParams(next)}`, { scroll: false });
  return (
    <div className="stack">
      <Question key={JSON.stringify(draft)} first={draft} wrong={wrong} onAsk={ask} />
      {asked ? <Answer asked={asked} /> : null}
    </div>
  );
}

function Answer({ asked }: { asked: NonNullable<typeof USUAL.asked> }) {
  const { data, error, refetch, isPlaceholderData, isFetching } = useBacktest(asked, consoleNow);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data)
    return (
      <Loading what="what the rule would have said">
        <Card>
          <Skeleton height={180} />
        </Card>
      </Loading>
    );
  return (
    <div aria-busy={isPlaceholderData && isFetching} className={isPlaceholderData ? 'opacity-70' : undefined}>
      <BacktestResult answer={data} />
    </div>
  );
}

function Question({
  first,
  wrong,
  onAsk,
}: {
  first: Draft;
  wrong: Partial<Record<keyof Draft, string>> | null;
  onAsk: (draft: Draft) => void;
}) {
  const [draft, setDraft] = useState(first);
  const spec = BACKTEST_RULES[draft.rule];
  const set = (key: keyof Draft) => (event: { target: { value: string } }) =>
    setDraft((before) => ({ ...before, [key]: event.target.value }));
  const errors = { ...wrong, ...askedOf(draft).wrong };
  return (
    <Card title="The rule">
      <form
        className="form bt-form"
        onSubmit={(event) => {
          event.preventDefault();
          onAsk(draft);
        }}
      >
        <SelectField
          label="Rule"
          value={draft.rule}
          help={spec.about}
          onChange={({ target }) => {
            const rule = RULE_KEYS.find((key) => key === target.value);
            if (rule) setDraft(usualDraft(rule, draft));
          }}
        >
          {RULE_KEYS.map((key) => (
            <option key={key} value={key}>
              {BACKTEST_RULES[key].title}
            </option>
          ))}
        </SelectField>
        <TextField
          label={`Fires ${spec.threshold.label}`}
          unit={spec.threshold.unit}
          inputMode="decimal"
          value={draft.threshold}
          error={errors.threshold}
          onChange={set('threshold')}
        />
        {spec.windowMinutes === null ? null : (
          <TextField
            label="Looks back"
            unit="min"
            inputMode="numeric"
            value={draft.window}
            error={errors.window}
            onChange={set('window')}
          />
        )}
        <TextField label="Must hold for" unit="s" inputMode="numeric" value={draft.for} error={errors.for} onChange={set('for')} />
        <TextField
          label="On which nodes"
          className="mono"
          help="a selector; * is every node"
          value={draft.selector}
          onChange={set('selector')}
        />
        <SelectField label="Over the last" value={draft.days} onChange={set('days')}>
          {DAYS.map((days) => (
            <option key={days} value={days}>
              {days === '1' ? '24 h' : days === '2' ? '48 h, every sample' : `${days} d`}
            </option>
          ))}
        </SelectField>
        <div className="form-foot">
          <Button look="primary" type="submit" disabled={Object.keys(errors).length > 0}>
            <History className="i s" aria-hidden="true" />
            Replay
          </Button>
        </div>
      </form>
      {draft.rule === 'predict-linear' || draft.rule === 'slope' ? (
        <div className="mt-3">
          <Callout>
            As people write it in PromQL: the window crosses restarts, and a young process looks like a leak. That is what this page shows.
          </Callout>
        </div>
      ) : null}
    </Card>
  );
}
