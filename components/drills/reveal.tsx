'use client';
import Link from 'next/link';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { VerdictCard } from '#components/ui/verdict-card.tsx';
import { DRILLS } from '#shared/drill-families.ts';
import type { Drill, DrillScore } from '#shared/drills.ts';

export function ScoreCard({ score }: { score: DrillScore }) {
  return (
    <Card title={`Score: ${score.total} of 100`} meta={score.wrongMoves === 0 ? 'no wrong move' : `${score.wrongMoves} wrong`} flush>
      <TableFrame label="How the score came about">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col" className="num">
              Points
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {score.lines.map((line) => (
            <tr key={`${line.key} ${line.label}`}>
              <td className="name">{line.label}</td>
              <td className={line.points < 0 ? 'num fg-danger' : 'num'}>
                {line.points < 0 ? `−${-line.points}` : line.points}
                {line.of > 0 ? ` of ${line.of}` : ''}
              </td>
              <td>{line.why}</td>
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}

export function Reveal({ drill, reveal }: { drill: Drill; reveal: NonNullable<Drill['reveal']> }) {
  const { answer, score } = drill;
  const verdict = answer === null ? 'inconclusive' : score?.nodeRight && score.causeRight ? 'pass' : 'fail';
  const word = { pass: 'Your verdict was right', fail: 'Your verdict was wrong', inconclusive: 'No verdict was given' }[verdict];
  return (
    <>
      <VerdictCard verdict={verdict} word={word} sentence={reveal.what}>
        <p className="drill-told">
          It was on <Link href={`/nodes/${reveal.nodeId}`}>{reveal.nodeName}</Link>.
          {answer === null ? null : ` You said: ${DRILLS[answer.cause].choice.toLowerCase()}, ${answer.nodeName ?? 'on no node'}.`}
        </p>
      </VerdictCard>
      <Card title="Where it could be seen">
        <ul className="stack">
          {reveal.where.map((place) => (
            <li key={place}>{place}</li>
          ))}
        </ul>
        <p className="mt-3">
          <b>What was right:</b> {reveal.right}
        </p>
      </Card>
      {reveal.left ? <Callout tone="warn">{reveal.left}</Callout> : null}
    </>
  );
}
