'use client';
import Link from 'next/link';
import { useState } from 'react';
import { useBuyOffers, useBuyTime } from '#client/incidents.ts';
import { Button } from '#components/ui/button.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { SelectField } from '#components/ui/field.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { BuyOffer, Incident } from '#shared/incidents.ts';
import { runName } from '#shared/run-name.ts';
import { formatCount, formatFigure, plural } from '#shared/units/count.ts';
import { formatDuration, formatForecast } from '#shared/units/time.ts';
import { Problem } from './declare.tsx';

const LIMITS = [16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576] as const;
const REMIND = [
  ['', 'when the time runs out'],
  ['30', 'in 30 min'],
  ['120', 'in 2 h'],
  ['480', 'in 8 h'],
] as const;

/** Raises the limit of the running processes: what each node gains by its slope stands before the button. */
export function BuyTime({ incident, onDone }: { incident: Incident; onDone: () => void }) {
  const [limit, setLimit] = useState<number>(65_536);
  const [remind, setRemind] = useState('');
  const [keep, setKeep] = useState(true);
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const [intent] = useState(() => crypto.randomUUID());
  const offers = useBuyOffers(incident.id, limit, true);
  const buy = useBuyTime(incident.id);
  const list = offers.data?.offers ?? [];
  const worth = list.filter((offer) => offer.nothing === null);
  const chosen = worth.filter(({ nodeId }) => !without.has(nodeId));
  const toggle = (id: string) =>
    setWithout((before) => (before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set([...before, id])));
  if (buy.data)
    return (
      <p role="status">
        <Link className="lnk" href={`/runs/${buy.data.id}`}>
          {runName(buy.data.id)}
        </Link>{' '}
        raises the limit. What it bought comes on the timeline.{' '}
        <Button small look="ghost" onClick={onDone}>
          Close
        </Button>
      </p>
    );
  const start = () =>
    buy.mutate({
      nodeIds: chosen.map(({ nodeId }) => nodeId),
      limit,
      keep,
      intent: `${intent}-${limit}`,
      ...(remind === '' ? {} : { remindMinutes: Number(remind) }),
    });
  return (
    <div className="stack">
      <SelectField label="New limit of open files" value={String(limit)} onChange={(event) => setLimit(Number(event.target.value))}>
        {LIMITS.map((value) => (
          <option key={value} value={value}>
            {formatCount(value)}
          </option>
        ))}
      </SelectField>
      {offers.isError ? <ErrorState error={offers.error} onRetry={() => void offers.refetch()} /> : null}
      {offers.isPending ? <Skeleton height={60} /> : null}
      <ul className="inc-gain">
        {list.map((offer) => (
          <Gain key={offer.nodeId} offer={offer} chosen={!without.has(offer.nodeId)} onToggle={() => toggle(offer.nodeId)} />
        ))}
      </ul>
      <SelectField label="Remind us" value={remind} onChange={(event) => setRemind(event.target.value)}>
        {REMIND.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </SelectField>
      <div className="row">
        <Checkbox label="The next process gets it too, by a LimitNOFILE drop-in" checked={keep} onChange={setKeep} />
        <span className="sm" aria-hidden="true">
          Stage LimitNOFILE for the next process
        </span>
      </div>
      {buy.isError ? <Problem error={buy.error} /> : null}
      <div className="row wrap">
        <Button look="primary" disabled={chosen.length === 0 || buy.isPending} onClick={start}>
          {buy.isPending ? 'Starting' : `Raise it on ${plural(chosen.length, 'node')}`}
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
      <p className="help">Nothing is restarted or cut. The leak goes on: this moves its end.</p>
    </div>
  );
}

function Gain({ offer, chosen, onToggle }: { offer: BuyOffer; chosen: boolean; onToggle: () => void }) {
  const { nodeName, nothing, limitNow, limitThen, endNow, endThen, openFds, perMinute, minutesBought } = offer;
  const share = (value: number | null) => (limitThen && value !== null ? `${Math.min(100, (100 * value) / limitThen)}%` : '0%');
  return (
    <li>
      {nothing === null ? <Checkbox label={`Raise it on ${nodeName}`} checked={chosen} onChange={onToggle} /> : <span />}
      <b className="t1">{nodeName}</b>
      <span className="t2">
        {nothing !== null
          ? ''
          : endNow && endThen
            ? `${formatForecast(endNow.mid)} to ${formatForecast(endThen.mid)}`
            : `${formatCount(limitNow ?? 0)} to ${formatCount(limitThen ?? 0)}`}
      </span>
      {nothing === null ? (
        <>
          <span className="bar" aria-hidden="true">
            <i style={{ width: share(openFds), background: 'var(--fd-unexplained)' }} />
            <i style={{ width: share((limitNow ?? 0) - (openFds ?? 0)), background: 'var(--accent-line)' }} />
          </span>
          <p>
            {formatCount(limitNow ?? 0)} → {formatCount(limitThen ?? 0)} fds
            {minutesBought === null || perMinute === null
              ? ': no slope, so no time can be promised'
              : `: ${formatDuration(minutesBought * 60)} more at ${formatFigure(perMinute)} fds/min`}
          </p>
        </>
      ) : (
        <p>{nothing}</p>
      )}
    </li>
  );
}
