'use client';
import { ScanSearch } from 'lucide-react';
import { LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { VerdictCard } from '#components/ui/verdict-card.tsx';
import { hasEnded, type Judgement, type Run, type RunTarget } from '#shared/runs.ts';
import type { Interval } from '#shared/time.ts';
import { formatFigure, formatSigned } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { EvidenceRow } from './evidence-row.tsx';
import { IntervalPlot } from './interval-plot.tsx';
import { contextOf, hasBroken, judgedWords, statusLook, verdictLook } from './words.ts';

/** Glyph and word, one sentence with the numbers, what shows it, receipts. Before there is a verdict: why not, if something stopped. */
export function TargetVerdict({ run, target }: { run: Run; target: RunTarget }) {
  if (target.status === 'rolled-back' || target.status === 'aborted')
    return (
      <Callout tone="warn" live>
        <b>{statusLook(target.status).word}.</b> {target.summary}
      </Callout>
    );
  if (target.verdict === null || hasBroken(target)) {
    if (target.status === 'failed' || (hasEnded(run.status) && target.summary !== ''))
      return (
        <Callout tone={target.status === 'failed' ? 'danger' : 'neutral'} live>
          <b>{statusLook(target.status).word}.</b> {target.summary}
        </Callout>
      );
    return null;
  }
  const judging = target.steps.find((step) => step.kind === 'watch');
  const look = verdictLook(target.verdict, contextOf(target));
  return (
    <>
      {target.undoing ? (
        <Callout tone="warn" live>
          <b>Reverting.</b> config.yaml is put back from the backup and the service restarted once. What was found below is of the change
          that is being taken back.
        </Callout>
      ) : null}
      <VerdictCard verdict={target.verdict} word={look.word} sentence={sentenceOf(target, look.word)}>
        {target.judgement ? <Compared judgement={target.judgement} /> : null}
        {judging?.evidence.map((evidence) => (
          <EvidenceRow key={evidence.id} evidence={evidence} />
        ))}
        <footer className="vf">
          {target.verdict === 'pass' ? (
            <LinkButton small href={`/nodes/${target.nodeId}`}>
              Open {target.name}
            </LinkButton>
          ) : (
            <LinkButton small href={`/nodes/${target.nodeId}?tab=fds`}>
              <ScanSearch className="i s" aria-hidden="true" />
              X-ray what grew on {target.name}
            </LinkButton>
          )}
          <span className="push sm t3 hide-m">every step below keeps its command and raw output</span>
        </footer>
      </VerdictCard>
    </>
  );
}

function Compared({ judgement: { before, after } }: { judgement: Judgement }) {
  const per1000 = [before?.per1000Connections ?? null, after?.per1000Connections ?? null] as const;
  return (
    <div className="vd">
      <div>
        <h3>The last window of each process</h3>
        <TableFrame label="Before against after" tight>
          <thead>
            <tr>
              <th scope="col">95 % interval below</th>
              <th scope="col" className="num">
                Before
              </th>
              <th scope="col" className="num">
                After
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td className="t1 semi">Leaked per 1,000 connections</td>
              <td className="num">{interval(per1000[0], formatFigure)}</td>
              <td className="num">{interval(per1000[1], formatFigure)}</td>
            </tr>
            <tr>
              <td>Slope, fds/min</td>
              <td className="num">{interval(before?.perMinute ?? null, formatSigned)}</td>
              <td className="num">{interval(after?.perMinute ?? null, formatSigned)}</td>
            </tr>
            <tr>
              <td>Window, UTC</td>
              <td className="num">{before ? `${clock(before.window.from)}–${clock(before.window.to)}` : 'no data'}</td>
              <td className="num">{after ? `${clock(after.window.from)}–${clock(after.window.to)}` : 'no data'}</td>
            </tr>
            <tr>
              <td>Process age at its end</td>
              <td className="num">{before ? formatDuration(before.processAge) : 'no data'}</td>
              <td className="num">{after ? formatDuration(after.processAge) : 'no data'}</td>
            </tr>
          </tbody>
        </TableFrame>
      </div>
      <div>
        <h3>fds leaked per 1,000 connections, 95 %</h3>
        <IntervalPlot label={`Before ${words(per1000[0])}. After ${words(per1000[1])}.`} before={per1000[0]} after={per1000[1]} />
      </div>
    </div>
  );
}

/** The word stands above it in large type, so the sentence starts with the node and the numbers. */
function sentenceOf(target: RunTarget, word: string): string {
  const said = judgedWords(target);
  const start = `${word.toLowerCase()}: `;
  return said.toLowerCase().startsWith(start) ? `${target.name}: ${said.slice(start.length)}` : said;
}

const clock = (at: string) => formatClock(Date.parse(at));
const interval = (value: Interval | null, format: (v: number) => string) =>
  value === null ? (
    'no data'
  ) : (
    <>
      {format(value.mid)}
      <span className="band">
        {format(value.low)} to {format(value.high)}
      </span>
    </>
  );
const words = (value: Interval | null) =>
  value === null ? 'no data' : `${formatFigure(value.mid)}, ${formatFigure(value.low)} to ${formatFigure(value.high)}`;
