'use client';
import Link from 'next/link';
import { useEffect, useState } from 'react';
import { type BacktestAsked, useBacktest } from '#client/backtest.ts';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { ABOUT_REACH, BACKTEST_RULES, type BacktestAnswer, type BacktestRuleKey } from '#shared/backtest.ts';
import type { RuleKey, RuleNumbers } from '#shared/incident-rules.ts';
import { formatFigure, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

const DAYS = 7;
/** A replay takes up to seconds: it is asked when the typing has stopped. */
const TYPING_MS = 600;

/** The same rule among those that can be run over stored history; null where a number of it cannot be. */
function askedOf(rule: RuleKey, { threshold, clear, forSeconds, clearForSeconds }: RuleNumbers): BacktestAsked | null {
  const about = { window: null, selector: '*', days: DAYS };
  const ask = (key: BacktestRuleKey, value: number, good: number, hold = forSeconds): BacktestAsked | null => {
    const { min, max } = BACKTEST_RULES[key].threshold;
    const inside = Number.isFinite(value) && value >= min && value <= max && hold >= 0 && hold <= 86_400;
    return inside ? { rule: key, threshold: value, for: hold, clear: good, clearFor: clearForSeconds, ...about } : null;
  };
  if (rule === 'leaking' || rule === 'time-to-emfile' || rule === 'pool-gauge') return ask(rule, threshold, clear);
  if (rule === 'fds-high') return ask('headroom', 100 - threshold, 100 - clear);
  // how long it lasted is the number itself
  return rule === 'scrape-blind' || rule === 'node-down' ? ask(rule, forSeconds, forSeconds, 0) : null;
}

/** What a rule looks at that no sample holds, in words. */
const NOT_IN_SAMPLES: Partial<Record<RuleKey, string>> = {
  'close-wait': 'Sockets by state come from looks at a suspicious process; they are not kept as history.',
  'emfile-journal': 'What the journal said stays on the node, and is not copied here.',
  'config-drift': 'Of config.yaml the last reading is kept, and what runs wrote: not what it was in between.',
  'host-key-changed': 'It fires on the first other key, at once: there is no number to try.',
  'run-stuck': 'It looks at runs, not at samples: the page Runs has each with its times.',
  'bought-time': 'It looks at time that was bought, not at samples.',
};

/** As it is, and as it would be, over the last week of every node. */
export function RuleReplay({ rule, before, after }: { rule: RuleKey; before: RuleNumbers; after: RuleNumbers }) {
  const [settled, setSettled] = useState(after);
  const { threshold, clear, forSeconds, clearForSeconds } = after;
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ threshold, clear, forSeconds, clearForSeconds }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [threshold, clear, forSeconds, clearForSeconds]);
  const why = NOT_IN_SAMPLES[rule];
  if (why)
    return <Callout>This rule cannot be replayed. {why} Let it run in shadow for a week: what it would have said is recorded.</Callout>;
  const [was, would] = [askedOf(rule, before), askedOf(rule, settled)];
  const same = JSON.stringify(was) === JSON.stringify(would);
  return (
    <div className="replay" aria-live="polite">
      {was ? <Told title={same ? `Over the last ${DAYS} days` : 'As it is'} asked={was} /> : null}
      {same ? null : would ? (
        <Told title="As you write it" asked={would} best />
      ) : (
        <p className="field-err">This number cannot be replayed: see the limits beside the field.</p>
      )}
    </div>
  );
}

function Told({ title, asked, best }: { title: string; asked: BacktestAsked; best?: boolean }) {
  const { data, error, isPlaceholderData } = useBacktest(asked, consoleNow);
  const about = {
    rule: asked.rule,
    threshold: String(asked.threshold),
    for: String(asked.for),
    selector: asked.selector,
    days: String(asked.days),
  };
  return (
    <div className={best ? 'told best' : 'told'} aria-busy={isPlaceholderData}>
      <h3>{title}</h3>
      {error ? (
        <p className="fg-danger">{asProblem(error).detail}</p>
      ) : data && !isPlaceholderData ? (
        <>
          <p className="t1">{sentenceOf(data)}</p>
          <p className="help">
            {plural(data.summary.nodes, 'node')}, {formatFigure(data.summary.nodeDays)} node-days of samples.{' '}
            <Link href={`/backtest?${new URLSearchParams(about)}`}>See each on its chart</Link>
          </p>
        </>
      ) : (
        <Skeleton height={34} />
      )}
    </div>
  );
}

/** `would have fired 3 times, first 47 min before the limit, 1 false alarm` */
function sentenceOf({ rule, summary, nodes }: BacktestAnswer): string {
  if (summary.nodeDays === 0) return 'Nothing is stored for these days yet: there is nothing to replay.';
  const lead = Math.max(0, ...nodes.flatMap((n) => n.firings.map((f) => f.leadSeconds ?? 0)));
  return [
    `Would have fired ${summary.firings === 0 ? 'never' : plural(summary.firings, 'time')}`,
    ...(lead > 0 ? [`first ${formatDuration(lead)} before the limit`] : []),
    ...(ABOUT_REACH.has(rule.key) ? [] : [summary.falseAlarms === 0 ? 'no false alarm' : plural(summary.falseAlarms, 'false alarm')]),
    ...(summary.undecided > 0 ? [`${summary.undecided} that nobody can judge`] : []),
    ...(summary.leaks > summary.leaksCaught ? [`${summary.leaks - summary.leaksCaught} of ${plural(summary.leaks, 'leak')} missed`] : []),
  ].join(', ');
}
