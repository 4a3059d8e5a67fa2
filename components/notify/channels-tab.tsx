'use client';
import { Megaphone, Send, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useChannels, useRemoveChannel, useTestChannel } from '#client/notify.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { SEVERITIES } from '#shared/incident-rules.ts';
import type { Channel, ChannelTest } from '#shared/notify.ts';
import { plural } from '#shared/units/count.ts';
import { ChannelDialog } from './channel-dialog.tsx';
import { CHANNEL_NAMES, DELIVERY_LOOKS } from './words.ts';

/** Where notifications go, which of them, and whether the last one arrived. */
export function ChannelsTab({ mayWrite }: { mayWrite: boolean }) {
  const { data, error, refetch } = useChannels();
  const [editing, setEditing] = useState<Channel | 'new' | null>(null);
  const [removing, setRemoving] = useState<Channel | null>(null);
  const add = mayWrite ? (
    <Button small onClick={() => setEditing('new')}>
      <Megaphone className="i s" aria-hidden="true" />
      New channel…
    </Button>
  ) : null;
  const dialogs = (
    <>
      <ChannelDialog channel={editing} onClose={() => setEditing(null)} />
      <RemoveDialog channel={removing} onClose={() => setRemoving(null)} />
    </>
  );
  if (!data && error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data?.channels.length === 0)
    return (
      <>
        <EmptyState
          title="Nobody is told yet"
          lead="A channel carries incidents to people (Slack, PagerDuty, e-mail, a signed webhook), or every signal to your own Alertmanager."
        >
          <div className="row">
            {mayWrite ? (
              <Button look="primary" onClick={() => setEditing('new')}>
                <Megaphone className="i s" aria-hidden="true" />
                New channel…
              </Button>
            ) : (
              <p className="t3">An admin can add one.</p>
            )}
          </div>
        </EmptyState>
        {dialogs}
      </>
    );
  return (
    <Card flush title="Channels" meta="secrets are sealed, and never shown again" end={add}>
      {data ? (
        <ChannelTable channels={data.channels} mayWrite={mayWrite} onEdit={setEditing} onRemove={setRemoving} />
      ) : (
        <div className="p-4">
          <Skeleton height={96} />
        </div>
      )}
      {dialogs}
    </Card>
  );
}

type TableProps = {
  channels: readonly Channel[];
  mayWrite: boolean;
  onEdit: (channel: Channel) => void;
  onRemove: (channel: Channel) => void;
};

function ChannelTable({ channels, mayWrite, onEdit, onRemove }: TableProps) {
  return (
    <TableFrame label="Channels">
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col" className="p2">
            Gets
          </th>
          <th scope="col">Last</th>
          <th scope="col" className="num p3">
            Waiting
          </th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => (
          <Row key={channel.id} channel={channel} mayWrite={mayWrite} onEdit={onEdit} onRemove={onRemove} />
        ))}
      </tbody>
    </TableFrame>
  );
}

function Row({ channel, mayWrite, onEdit, onRemove }: Omit<TableProps, 'channels'> & { channel: Channel }) {
  const test = useTestChannel();
  const look = channel.last && DELIVERY_LOOKS[channel.last.state];
  return (
    <tr>
      <td className="name">
        {channel.name}
        {channel.enabled ? null : (
          <>
            {' '}
            <Chip mark="skip">off</Chip>
          </>
        )}
        <span className="t3 sub-l">
          {CHANNEL_NAMES[channel.target.kind]}, {placeOf(channel)}
        </span>
      </td>
      <td className="p2">{routeWords(channel)}</td>
      <td>
        {look && channel.last ? (
          <span title={channel.last.answer ?? undefined}>
            <Chip tone={look.tone} mark={look.mark}>
              {look.word}
            </Chip>{' '}
            <span className="t3">
              <Ago at={channel.last.at} />
            </span>
          </span>
        ) : (
          <span className="t3">nothing sent</span>
        )}
        <TestAnswer answer={test.data} error={test.error} />
      </td>
      <td className="num p3">
        {channel.pending}
        {channel.dead > 0 ? <span className="fg-danger">, {plural(channel.dead, 'dead', 'dead')}</span> : null}
      </td>
      <td className="num">
        {mayWrite ? (
          <span className="row acts">
            <Button small disabled={test.isPending} onClick={() => test.mutate(channel.id)}>
              <Send className="i s" aria-hidden="true" />
              {test.isPending ? 'Sending…' : 'Send a test'}
            </Button>
            <Button small onClick={() => onEdit(channel)}>
              Edit…
            </Button>
            <Button small look="danger" onClick={() => onRemove(channel)}>
              Remove…
            </Button>
          </span>
        ) : null}
      </td>
    </tr>
  );
}

function TestAnswer({ answer, error }: { answer: ChannelTest | undefined; error: unknown }) {
  if (!answer && !error) return null;
  return (
    <span className={answer?.ok ? 'sub-l answer fg-ok' : 'sub-l answer fg-danger'} role="status">
      {answer ? answer.sentence : asProblem(error).detail}
    </span>
  );
}

function placeOf({ target }: Channel): string {
  if (target.kind === 'email') return `${target.to.join(', ')} by ${target.host}`;
  return 'url' in target ? new URL(target.url).host : 'an incoming webhook';
}

function routeWords({ route, target }: Channel): string {
  const what = target.kind === 'alertmanager' ? 'every signal' : 'incidents';
  const severities = route.severities.length === SEVERITIES.length ? '' : `, ${route.severities.join(' and ')}`;
  const rules = route.rules.length === 0 ? '' : `, ${plural(route.rules.length, 'rule')}`;
  return `${what}${severities}${rules}${route.selector === '*' ? '' : `, on ${route.selector}`}`;
}

function RemoveDialog({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const remove = useRemoveChannel();
  const waiting = channel ? channel.pending + channel.dead : 0;
  return (
    <DangerDialog
      open={channel !== null}
      title={`Remove the channel ${channel?.name ?? ''}?`}
      effects={[
        {
          key: 'gone',
          icon: <Trash2 className="i s" aria-hidden="true" />,
          text: `Its secret and the record of its deliveries go with it${waiting > 0 ? `; ${waiting} that did not arrive are lost` : ''}`,
        },
      ]}
      keep="Keep it"
      act="Remove the channel"
      busy={remove.isPending}
      problem={<ProblemNote error={remove.error} />}
      onAct={() => channel && remove.mutate(channel.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
