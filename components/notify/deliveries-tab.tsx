'use client';
import { RotateCcw } from 'lucide-react';
import Link from 'next/link';
import { useDeliveries, useRetryDelivery } from '#client/notify.ts';
import { useUrlChoice } from '#client/url-state.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { Ago, useNow } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import type { Delivery } from '#shared/notify.ts';
import { plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import { DELIVERY_LOOKS, EVENT_WORDS } from './words.ts';

const STATES = ['all', 'pending', 'dead', 'delivered'] as const;
const EMPTY: Record<(typeof STATES)[number], string> = {
  all: 'Nothing was sent yet. A test of a channel stands here too.',
  pending: 'Nothing waits: every receiver took what it was sent.',
  dead: 'Nothing was given up.',
  delivered: 'Nothing was delivered yet.',
};

/** What was sent to whom, what they answered, and what was given up. */
export function DeliveriesTab({ mayRetry }: { mayRetry: boolean }) {
  const [state, setState] = useUrlChoice('state', STATES, 'all');
  const { data, error, refetch } = useDeliveries(state === 'all' ? null : state);
  const retry = useRetryDelivery();
  return (
    <Card
      flush
      title="Deliveries"
      meta="one per change and channel; tried for a day, then given up"
      end={
        <Segmented
          label="State"
          options={STATES.map((value) => ({ value, label: value === 'all' ? 'All' : DELIVERY_LOOKS[value].word }))}
          value={state}
          onChange={setState}
        />
      }
    >
      <ProblemNote error={retry.error} />
      {data ? (
        data.deliveries.length === 0 ? (
          <p className="no-points">{EMPTY[state]}</p>
        ) : (
          <DeliveryTable deliveries={data.deliveries} onRetry={mayRetry ? (id) => retry.mutate(id) : null} busy={retry.isPending} />
        )
      ) : (
        <RowsToCome error={error} onRetry={() => void refetch()} height={120} />
      )}
    </Card>
  );
}

function DeliveryTable({
  deliveries,
  onRetry,
  busy,
}: {
  deliveries: readonly Delivery[];
  onRetry: ((id: string) => void) | null;
  busy: boolean;
}) {
  return (
    <TableFrame label="Deliveries">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col" className="p2">
            To
          </th>
          <th scope="col">Result</th>
          <th scope="col" className="num p2">
            When
          </th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => {
          const look = DELIVERY_LOOKS[delivery.state];
          return (
            <tr key={delivery.id}>
              <td className="name">
                <Link href={delivery.link}>{delivery.title}</Link>
                <span className="t3 sub-l">{EVENT_WORDS[delivery.event]}</span>
              </td>
              <td className="p2">{delivery.channel}</td>
              <td className="answer">
                <Chip tone={look.tone} mark={look.mark}>
                  {look.word}
                </Chip>
                <span className="sub-l">{delivery.answer ?? 'not asked yet'}</span>
                <span className="t3 sub-l">
                  {plural(delivery.attempts, 'attempt')}
                  <Next at={delivery.nextAt} />
                </span>
              </td>
              <td className="num p2">
                <Ago at={delivery.createdAt} />
              </td>
              <td className="num">
                {onRetry && delivery.state !== 'delivered' && delivery.event !== 'test' ? (
                  <Button small disabled={busy} onClick={() => onRetry(delivery.id)}>
                    <RotateCcw className="i s" aria-hidden="true" />
                    {delivery.state === 'dead' ? 'Try again' : 'Try now'}
                  </Button>
                ) : null}
              </td>
            </tr>
          );
        })}
      </tbody>
    </TableFrame>
  );
}

function Next({ at }: { at: string | null }) {
  const now = useNow();
  if (at === null) return null;
  const left = (Date.parse(at) - now) / 1000;
  return <>{left <= 0 ? ', next now' : `, next in ${formatDuration(left)}`}</>;
}
