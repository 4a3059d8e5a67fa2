import { Card } from '#components/ui/card.tsx';
import { Mark } from '#components/ui/mark.tsx';
import type { Incident } from '#shared/incidents.ts';

/** What has to hold before it closes by itself. */
export function Closing({ incident }: { incident: Incident }) {
  const { criteria } = incident.closing;
  if (criteria.length === 0) return null;
  const met = criteria.filter(({ done, total }) => done === total).length;
  return (
    <Card flush title="Closes by evidence" meta={`${met} of ${criteria.length}`}>
      <ul className="inc-crit">
        {criteria.map(({ key, label, done, total, detail }) => (
          <li key={key}>
            <Mark kind={done === total ? 'ok' : 'wait'} label={done === total ? 'met' : 'not met'} />
            <span>
              {label}
              {detail ? <span className="t3 sm inc-why">{detail}</span> : null}
            </span>
            <b>
              {done} of {total}
            </b>
          </li>
        ))}
      </ul>
    </Card>
  );
}
