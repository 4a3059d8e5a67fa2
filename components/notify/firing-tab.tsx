'use client';
import { BellOff } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { useAlerts, useChannels } from '#client/notify.ts';
import { Button } from '#components/ui/button.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { INCIDENT_RULES, RULE_KEYS } from '#shared/incident-rules.ts';
import type { HeldAlert } from '#shared/notify.ts';
import { SilenceDialog, type SilenceStart } from './silence-dialog.tsx';
import { SEVERITY_LOOKS } from './words.ts';

/** Every rule that fires on a node now, and whether anybody is told. */
export function FiringTab({ maySilence, onRules }: { maySilence: boolean; onRules: () => void }) {
  const { data, error, refetch } = useAlerts();
  const channels = useChannels().data?.channels.filter(({ enabled }) => enabled).length;
  const [silencing, setSilencing] = useState<SilenceStart | null>(null);
  if (!data) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return (
      <Loading what="what fires">
        <section className="card p-4">
          <Skeleton height={96} />
        </section>
      </Loading>
    );
  }
  const signals = data.alerts.filter(({ kind }) => kind === 'signal');
  if (signals.length === 0)
    return (
      <EmptyState title="Nothing fires" lead="No rule holds on any node now. A rule that fires stands here, with who was told of it.">
        <div className="row">
          <Button onClick={onRules}>What is watched</Button>
        </div>
      </EmptyState>
    );
  return (
    <section className="card" aria-label="What fires">
      <TableFrame label="What fires">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" className="hide-m">
              Node
            </th>
            <th scope="col" className="p2">
              What is seen
            </th>
            <th scope="col" className="hide-m">
              Told
            </th>
            <th scope="col" className="num hide-m">
              Since
            </th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {signals.map((alert) => (
            <Row key={alert.key} alert={alert} toNobody={channels === 0} onSilence={maySilence ? setSilencing : null} />
          ))}
        </tbody>
      </TableFrame>
      <SilenceDialog start={silencing} onClose={() => setSilencing(null)} />
    </section>
  );
}

function Row({ alert, toNobody, onSilence }: { alert: HeldAlert; toNobody: boolean; onSilence: ((start: SilenceStart) => void) | null }) {
  const [signal] = alert.signals;
  if (!signal) return null;
  const look = SEVERITY_LOOKS[alert.severity];
  const rule = RULE_KEYS.find((key) => key === signal.rule);
  return (
    <tr>
      <td className="name">
        <span className="row">
          <Chip tone={look.tone} mark={look.mark}>
            {look.word}
          </Chip>
          <Link href={alert.link}>{rule ? INCIDENT_RULES[rule].title : signal.rule}</Link>
        </span>
        <div className="t3 sm only-m">
          {signal.node}, <Ago at={alert.startsAt} />
          {alert.silencedBy.length > 0 ? ', silenced' : ''}
        </div>
      </td>
      <td className="hide-m">
        <Link href={`/nodes/${encodeURIComponent(signal.nodeId)}`}>{signal.node}</Link>
      </td>
      <td className="p2 t3">{alert.title.startsWith(`${signal.node} `) ? alert.title.slice(signal.node.length + 1) : alert.title}</td>
      <td className="hide-m">
        {alert.silencedBy.length > 0 ? (
          <Chip mark="skip">silenced</Chip>
        ) : toNobody ? (
          <Link href="/alerts?tab=channels">no channel yet</Link>
        ) : (
          <span className="t3">by its routes</span>
        )}
      </td>
      <td className="num hide-m">
        <Ago at={alert.startsAt} />
      </td>
      <td className="num">
        {onSilence && alert.silencedBy.length === 0 ? (
          <Button small onClick={() => onSilence({ selector: `name=${signal.node}`, rule: signal.rule })}>
            <BellOff className="i s" aria-hidden="true" />
            Silence…
          </Button>
        ) : null}
      </td>
    </tr>
  );
}
