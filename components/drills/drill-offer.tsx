'use client';
import { FlaskConical } from 'lucide-react';
import Link from 'next/link';
import { isOver, useDrills } from '#client/drills.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { plural } from '#shared/units/count.ts';

/** One line on the first page of a fleet that may be rehearsed on; nothing on any other. */
export function DrillOffer() {
  const { data } = useDrills();
  if (!data) return null;
  const current = data.drills.find((drill) => !isOver(drill));
  if (!current && data.eligible === 0) return null;
  return (
    <section className="drill-offer" aria-label="Fire drill">
      <FlaskConical className="i" aria-hidden="true" />
      {current ? (
        <p>
          <b>A fire drill is under way</b> on one of {plural(current.inPlay.length, 'node')}.{' '}
          <Link href={`/drills/${current.id}`}>Open it</Link>
        </p>
      ) : (
        <>
          <p>
            <b>Can you find the next one?</b> A drill puts a fault on{' '}
            {data.eligible === 1 ? 'the one healthy node' : `one of ${plural(data.eligible, 'healthy node')}`} here and scores how you
            handle it.
          </p>
          <LinkButton href="/drills">Start a drill</LinkButton>
        </>
      )}
    </section>
  );
}
