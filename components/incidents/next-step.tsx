'use client';
import { ArrowRight, Calculator, Download } from 'lucide-react';
import { useCaptureEvidence } from '#client/incidents.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import type { Incident, Suggestion } from '#shared/incidents.ts';
import { BuyTime } from './buy-time.tsx';
import { Problem } from './declare.tsx';

/** What to do next, most pressing first. Nothing of it happens by itself. */
export function NextStep({
  incident,
  mayRun,
  mayWrite,
  buying,
  onBuying,
}: {
  incident: Incident;
  mayRun: boolean;
  mayWrite: boolean;
  buying: boolean;
  onBuying: (open: boolean) => void;
}) {
  const [first, ...others] = incident.suggestions;
  if (incident.status === 'resolved' || first === undefined) return null;
  const act = (suggestion: Suggestion, primary: boolean) => (
    <Act
      suggestion={suggestion}
      incident={incident}
      primary={primary}
      mayRun={mayRun}
      mayWrite={mayWrite}
      onBuying={() => onBuying(true)}
    />
  );
  const names = incident.nodes.map(({ name }) => name).join(',');
  const aboutFds = incident.cause === 'fd-leak' || incident.cause === 'fd-pressure';
  return (
    <section className="card inc-next" aria-label="What to do next">
      <div className="inc-next-b">
        <div>
          <div className="k">Next, suggested from these signals</div>
          <h2>{first.title}</h2>
          <p className="t2">{first.why}</p>
        </div>
        {buying ? <BuyTime incident={incident} onDone={() => onBuying(false)} /> : act(first, true)}
        {first.runbook === 'buy-time' && !buying ? null : <span className="sm t3 mono ell">{first.selector}</span>}
      </div>
      {others.length > 0 || aboutFds ? (
        <ul className="inc-then">
          {others.map((suggestion) => (
            <li key={suggestion.runbook}>
              <span className="t1 med">{suggestion.title}</span>
              {suggestion.runbook === 'buy-time' && buying ? null : act(suggestion, false)}
              <p>{suggestion.why}</p>
            </li>
          ))}
          {aboutFds ? (
            <li>
              <span className="t1 med">Budget of the pool</span>
              <LinkButton small href={`/changes/new?selector=${encodeURIComponent(`name=${names}`)}`}>
                <Calculator className="i s" aria-hidden="true" />
                Calculate
              </LinkButton>
              <p>How many fds other pool settings would hold on these nodes, from their own traffic.</p>
            </li>
          ) : null}
        </ul>
      ) : null}
    </section>
  );
}

function Act({
  suggestion,
  incident,
  primary,
  mayRun,
  mayWrite,
  onBuying,
}: {
  suggestion: Suggestion;
  incident: Incident;
  primary: boolean;
  mayRun: boolean;
  mayWrite: boolean;
  onBuying: () => void;
}) {
  const look = primary ? ({ look: 'primary' } as const) : ({ small: true } as const);
  if (suggestion.runbook === 'capture-evidence')
    return mayWrite ? <Capture suggestion={suggestion} incident={incident} primary={primary} /> : null;
  if (!mayRun) return <span className="sm t3">An operator can start it.</span>;
  if (suggestion.runbook === 'buy-time')
    return (
      <Button {...look} onClick={onBuying}>
        Buy time…
      </Button>
    );
  return (
    <LinkButton {...look} href={suggestion.href}>
      Review and start
      <ArrowRight className="i s" aria-hidden="true" />
    </LinkButton>
  );
}

/** One click: all nodes, one after the other. */
function Capture({ suggestion, incident, primary }: { suggestion: Suggestion; incident: Incident; primary: boolean }) {
  const capture = useCaptureEvidence(incident.id);
  const names = suggestion.selector.replace(/^name=/, '').split(',');
  const wanted = incident.nodes.filter(({ name }) => names.includes(name));
  const all = async () => {
    for (const { nodeId } of wanted) await capture.mutateAsync(nodeId).catch(() => undefined);
  };
  return (
    <>
      <Button {...(primary ? { look: 'primary' } : { small: true })} disabled={capture.isPending} onClick={() => void all()}>
        <Download className="i s" aria-hidden="true" />
        {capture.isPending ? 'Reading the nodes' : 'Keep evidence'}
      </Button>
      {capture.isError ? <Problem error={capture.error} /> : null}
    </>
  );
}
