'use client';
import { BellOff, BellRing } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { useExpireSilence, useSilences } from '#client/silences.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { Ago, useNow } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { runName } from '#shared/run-name.ts';
import { formatMatcher, type Silence } from '#shared/silences.ts';
import { plural } from '#shared/units/count.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';
import { SilenceDialog, type SilenceStart } from './silence-dialog.tsx';

/** Who asked for quiet, on what, why and until when. */
export function SilencesTab({ mayWrite }: { mayWrite: boolean }) {
  const { data, error, refetch } = useSilences();
  const [start, setStart] = useState<SilenceStart | null>(null);
  const [ending, setEnding] = useState<Silence | null>(null);
  const [over, setOver] = useState(false);
  const open = data?.silences.filter(({ state }) => state !== 'expired') ?? [];
  const past = data?.silences.filter(({ state }) => state === 'expired') ?? [];
  return (
    <>
      <Card
        flush
        title="Silences"
        meta="every one has an owner, a reason and an end; amtool reads and makes them too"
        end={
          mayWrite ? (
            <Button small onClick={() => setStart({ selector: '', rule: '' })}>
              <BellOff className="i s" aria-hidden="true" />
              New silence…
            </Button>
          ) : null
        }
      >
        {data ? (
          open.length === 0 ? (
            <p className="no-points">
              Nothing is silenced: who should be told of an alert is told. A run that restarts a node silences that node by itself.
            </p>
          ) : (
            <SilenceTable silences={open} onEnd={mayWrite ? setEnding : null} />
          )
        ) : (
          <RowsToCome error={error} onRetry={() => void refetch()} />
        )}
      </Card>
      {past.length > 0 ? (
        <Card
          flush
          title="Over"
          meta={plural(past.length, 'silence')}
          end={
            <Button small look="ghost" aria-expanded={over} onClick={() => setOver(!over)}>
              {over ? 'Hide' : 'Show'}
            </Button>
          }
        >
          {over ? <SilenceTable silences={past} onEnd={null} /> : null}
        </Card>
      ) : null}
      <SilenceDialog start={start} onClose={() => setStart(null)} />
      <EndDialog silence={ending} onClose={() => setEnding(null)} />
    </>
  );
}

function SilenceTable({ silences, onEnd }: { silences: readonly Silence[]; onEnd: ((silence: Silence) => void) | null }) {
  return (
    <TableFrame label="Silences">
      <thead>
        <tr>
          <th scope="col">Covers</th>
          <th scope="col">Holds back</th>
          <th scope="col" className="p2">
            Reason
          </th>
          <th scope="col" className="p3">
            Owner
          </th>
          <th scope="col" className="num">
            Ends
          </th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {silences.map((silence) => (
          <tr key={silence.id}>
            <td>
              <code>{coversOf(silence)}</code>
            </td>
            <td>
              {silence.holds > 0 ? <Chip mark="skip">{plural(silence.holds, 'alert')}</Chip> : <span className="t3">nothing now</span>}
            </td>
            <td className="p2">
              {silence.reason}
              {silence.runId ? (
                <span className="sub-l">
                  <Link href={`/runs/${silence.runId}`}>{runName(silence.runId)}</Link>
                </span>
              ) : null}
            </td>
            <td className="p3 t3">{silence.createdBy}</td>
            <td className="num">
              <Ends silence={silence} />
            </td>
            <td className="num">
              {onEnd ? (
                <Button small onClick={() => onEnd(silence)}>
                  End it…
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

const coversOf = ({ selector, matchers }: Silence): string =>
  [...(selector === '*' && matchers.length > 0 ? [] : [selector]), ...matchers.map(formatMatcher)].join(' ');

/** A silence that is forgotten is a fault of its own: the last hour is said loudly. */
function Ends({ silence }: { silence: Silence }) {
  const now = useNow();
  const left = (Date.parse(silence.endsAt) - now) / 1000;
  if (silence.state === 'expired' || left <= 0)
    return (
      <span className="t3">
        <Ago at={silence.endsAt} />
        {silence.endedBy ? `, by ${silence.endedBy}` : ''}
      </span>
    );
  return (
    <span className={left < 3600 && silence.holds > 0 ? 'fg-warn' : undefined} title={formatInstant(Date.parse(silence.endsAt))}>
      in {formatDuration(left)}
    </span>
  );
}

function EndDialog({ silence, onClose }: { silence: Silence | null; onClose: () => void }) {
  const expire = useExpireSilence();
  return (
    <DangerDialog
      open={silence !== null}
      title="End this silence now?"
      effects={[
        {
          key: 'told',
          icon: <BellRing className="i s" aria-hidden="true" />,
          text:
            silence && silence.holds > 0
              ? `${plural(silence.holds, 'alert')} that it holds back will be told within seconds`
              : 'Nothing is held back by it now',
        },
      ]}
      keep="Keep it"
      act="End the silence"
      busy={expire.isPending}
      problem={<ProblemNote error={expire.error} />}
      onAct={() => silence && expire.mutate(silence.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
