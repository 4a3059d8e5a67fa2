'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { SelectField } from '#components/ui/field.tsx';
import { Ago } from '#components/ui/now.tsx';
import { DRILL_FAMILIES, DRILLS, type DrillFamily } from '#shared/drill-families.ts';
import type { Drill } from '#shared/drills.ts';

const NO_NODE = '-';

type Answer = { nodeId: string | null; cause: DrillFamily };
type Props = { drill: Drill; allowed: boolean; pending: boolean; onAnswer: (answer: Answer) => void };

/** Which node, and what. It may be given anew until the end; the last one counts. */
export function DrillVerdict({ drill, allowed, pending, onAnswer }: Props) {
  const [node, setNode] = useState(drill.answer ? (drill.answer.nodeId ?? NO_NODE) : '');
  const [cause, setCause] = useState<DrillFamily | ''>(drill.answer?.cause ?? '');
  return (
    <Card
      title="Your verdict"
      meta={
        drill.answer ? (
          <>
            given by {drill.answer.by} <Ago at={drill.answer.at} />
          </>
        ) : (
          'not given yet'
        )
      }
      end={
        <Button
          look="primary"
          disabled={!allowed || pending || node === '' || cause === ''}
          onClick={() => cause !== '' && onAnswer({ nodeId: node === NO_NODE ? null : node, cause })}
        >
          Give this verdict
        </Button>
      }
    >
      <div className="drill-form cause">
        <SelectField label="Node" value={node} onChange={(event) => setNode(event.target.value)}>
          <option value="">Choose a node</option>
          {drill.inPlay.map(({ nodeId, name }) => (
            <option key={nodeId} value={nodeId}>
              {name}
            </option>
          ))}
          <option value={NO_NODE}>No node: nothing is wrong</option>
        </SelectField>
        <SelectField
          label="What it is"
          value={cause}
          onChange={(event) => setCause(DRILL_FAMILIES.find((one) => one === event.target.value) ?? '')}
        >
          <option value="">Choose a cause</option>
          {DRILL_FAMILIES.map((one) => (
            <option key={one} value={one}>
              {DRILLS[one].choice}
            </option>
          ))}
        </SelectField>
      </div>
    </Card>
  );
}
