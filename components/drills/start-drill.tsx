'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useStartDrill } from '#client/drills.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField } from '#components/ui/field.tsx';
import { DRILL_FAMILIES, DRILLS, type DrillFamily } from '#shared/drill-families.ts';
import { plural } from '#shared/units/count.ts';

const MINUTES = [10, 20, 30, 60];

export function StartDrill({ eligible, why }: { eligible: number; why: string | null }) {
  const session = useSession();
  const router = useRouter();
  const start = useStartDrill();
  const [family, setFamily] = useState<DrillFamily | ''>('');
  const [minutes, setMinutes] = useState(20);
  const [intent] = useState(() => crypto.randomUUID());
  const allowed = may(session.data, 'drill.write');
  const problem = start.isError ? asProblem(start.error) : null;
  return (
    <Card
      title="Start a drill"
      meta={eligible > 0 ? `one of ${plural(eligible, 'node')} will get it` : null}
      end={
        <Button
          look="primary"
          disabled={!allowed || eligible === 0 || start.isPending}
          onClick={() =>
            start.mutate(
              { input: { minutes, ...(family === '' ? {} : { family }) }, intent },
              { onSuccess: ({ id }) => router.push(`/drills/${id}`) },
            )
          }
        >
          Start a drill
        </Button>
      }
    >
      <div className="drill-form">
        <SelectField
          label="Fault"
          help="Drawn, nobody knows what it is, you neither"
          value={family}
          onChange={(event) => setFamily(DRILL_FAMILIES.find((one) => one === event.target.value) ?? '')}
        >
          <option value="">Draw one</option>
          {DRILL_FAMILIES.map((one) => (
            <option key={one} value={one}>
              {one}: {DRILLS[one].choice}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Ends by itself after"
          help="Also if this console is gone by then"
          value={String(minutes)}
          onChange={(event) => setMinutes(Number(event.target.value))}
        >
          {MINUTES.map((one) => (
            <option key={one} value={one}>
              {one} minutes
            </option>
          ))}
        </SelectField>
      </div>
      {why === null ? null : <Callout tone="warn">{why}</Callout>}
      {allowed ? null : <p className="t3 mt-3">Starting a drill takes the permission drill.write, which operators have.</p>}
      {problem ? (
        <Callout tone="danger" live>
          <b>{problem.title}.</b> {problem.detail}
        </Callout>
      ) : null}
    </Card>
  );
}
