import { Download } from 'lucide-react';
import { captureUrl } from '#client/incidents.ts';
import { Card } from '#components/ui/card.tsx';
import { Ago } from '#components/ui/now.tsx';
import type { Incident } from '#shared/incidents.ts';
import { formatBytes } from '#shared/units/bytes.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';

/** Evidence that a restart cannot destroy any more, and the time that was bought. */
export function Kept({ incident }: { incident: Incident }) {
  const { captures, bought } = incident;
  if (captures.length === 0 && bought.length === 0) return null;
  return (
    <>
      {bought.length > 0 ? (
        <Card flush title="Bought time">
          <ul className="inc-kept">
            {bought.map((b) => (
              <li key={b.id}>
                <span>
                  <b className="t1">{b.nodeName}</b> {formatCount(b.limitBefore)} → {formatCount(b.limitAfter)}
                  {b.minutesBought === null ? '' : `, ${formatDuration(b.minutesBought * 60)} bought`}
                </span>
                <span className="t3 sm">
                  {b.endedAt !== null ? (
                    <>
                      over <Ago at={b.endedAt} />
                    </>
                  ) : b.expiresAt !== null ? (
                    `look again by ${b.expiresAt.slice(0, 16).replace('T', ' ')} UTC`
                  ) : (
                    ''
                  )}
                </span>
              </li>
            ))}
          </ul>
        </Card>
      ) : null}
      {captures.length > 0 ? (
        <Card flush title="Evidence kept" meta={String(captures.length)}>
          <ul className="inc-kept">
            {captures.slice(0, 8).map((c) => (
              <li key={c.id}>
                <a className="lnk row" href={captureUrl(incident.id, c.id)} download title={`sha256 ${c.sha256}`}>
                  <Download className="i xs" aria-hidden="true" />
                  {c.nodeName}
                </a>
                <span className="t3 sm">
                  {c.openFds === null ? '' : `${formatCount(c.openFds)} fds, `}
                  {formatBytes(c.bytes)}, <Ago at={c.at} />
                </span>
              </li>
            ))}
          </ul>
        </Card>
      ) : null}
    </>
  );
}
