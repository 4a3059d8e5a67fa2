'use client';
import Link from 'next/link';
import { useState } from 'react';
import { useAlertRules } from '#client/alert-rules.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import type { AlertRule } from '#shared/alert-rules.ts';
import { INCIDENT_RULES } from '#shared/incident-rules.ts';
import { formatCount } from '#shared/units/count.ts';
import { RuleDialog } from './rule-dialog.tsx';
import { MODE_LOOKS, ruleCondition, SEVERITY_LOOKS } from './words.ts';

/** The built-in rules: when each fires, whether it tells, and how often it fired of late. */
export function RulesTab({ mayWrite }: { mayWrite: boolean }) {
  const { data, error, refetch } = useAlertRules();
  const [editing, setEditing] = useState<AlertRule | null>(null);
  if (!data && error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Card flush title="Rules" meta="a rule in shadow is evaluated and recorded, and tells nobody">
      {data ? (
        <TableFrame label="Rules">
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Mode</th>
              <th scope="col" className="p2">
                Fires
              </th>
              <th scope="col" className="num">
                Firing
              </th>
              <th scope="col" className="num p3">
                In 7 days
              </th>
              <th scope="col" className="num hide-m">
                Last fired
              </th>
              <ActionsHead />
            </tr>
          </thead>
          <tbody>
            {data.rules.map((rule) => (
              <Row key={rule.rule} rule={rule} onEdit={mayWrite ? setEditing : null} />
            ))}
          </tbody>
        </TableFrame>
      ) : (
        <div className="p-4">
          <Skeleton height={220} />
        </div>
      )}
      <RuleDialog rule={editing} onClose={() => setEditing(null)} />
    </Card>
  );
}

function Row({ rule, onEdit }: { rule: AlertRule; onEdit: ((rule: AlertRule) => void) | null }) {
  const spec = INCIDENT_RULES[rule.rule];
  const mode = MODE_LOOKS[rule.mode];
  const severity = SEVERITY_LOOKS[spec.severity];
  const { lastFired } = rule;
  return (
    <tr>
      <td className="name" title={spec.about}>
        {spec.title}
        <span className="t3 sub-l">
          {severity.word}
          {rule.updatedAt ? (
            <>
              , set <Ago at={rule.updatedAt} /> by {rule.updatedBy}
            </>
          ) : null}
        </span>
      </td>
      <td>
        <Chip tone={mode.tone} mark={mode.mark}>
          {mode.word}
        </Chip>
      </td>
      <td className="p2">{ruleCondition(rule.rule, rule.numbers)}</td>
      <td className="num">{rule.firing > 0 ? <Link href="/alerts">{formatCount(rule.firing)}</Link> : <span className="t3">0</span>}</td>
      <td className="num p3">{formatCount(rule.firedIn7Days)}</td>
      <td className="num hide-m">
        {lastFired ? (
          <span title={lastFired.node}>
            {lastFired.incidentId ? (
              <Link href={`/incidents/${lastFired.incidentId}`}>
                <Ago at={lastFired.at} />
              </Link>
            ) : (
              <Ago at={lastFired.at} />
            )}
          </span>
        ) : (
          <span className="t3">not in 30 days</span>
        )}
      </td>
      <td className="num">
        {onEdit ? (
          <Button small onClick={() => onEdit(rule)}>
            Edit…
          </Button>
        ) : null}
      </td>
    </tr>
  );
}
