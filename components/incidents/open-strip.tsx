'use client';
import { Siren } from 'lucide-react';
import Link from 'next/link';
import { useIncidents } from '#client/incidents.ts';
import { Chip } from '#components/ui/chip.tsx';
import { Age } from '#components/ui/now.tsx';
import { incidentName } from '#shared/incident-rules.ts';
import { SEVERITY_LOOK } from './words.ts';

const MOST = 3;

/** What is open, above the fleet or a node; nothing while nothing is. */
export function OpenIncidents({ nodeId }: { nodeId?: string }) {
  const { data } = useIncidents({ status: 'open' });
  const open = data?.incidents.filter(({ nodes }) => nodeId === undefined || nodes.some((node) => node.nodeId === nodeId)) ?? [];
  if (open.length === 0) return null;
  return (
    <section className="card inc-open" aria-label="Open incidents">
      {open.slice(0, MOST).map(({ id, number, title, severity, openedAt, owner, status }) => {
        const look = SEVERITY_LOOK[severity];
        return (
          <div key={id} className="inc-strip">
            <Siren className={`i ${severity === 'critical' ? 'fg-danger' : 'fg-warn'}`} aria-hidden="true" />
            <Link href={`/incidents/${id}`}>
              {incidentName(number)} {title}
            </Link>
            <Chip tone={look.tone} mark={look.mark}>
              {look.word}
            </Chip>
            <span className="t3 sm push">
              open <Age since={openedAt} />, {owner ?? (status === 'open' ? 'not acknowledged' : 'nobody owns it')}
            </span>
          </div>
        );
      })}
      {open.length > MOST ? (
        <div className="inc-strip">
          <Link href="/incidents?status=open">{open.length - MOST} more</Link>
        </div>
      ) : null}
    </section>
  );
}
