'use client';
import { CalendarClock, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useChangeRules, useRemoveChangeRule } from '#client/change-rules.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { useNow } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { RowsToCome } from '#components/ui/rows-to-come.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import type { ChangeRule } from '#shared/change-rules.ts';
import { ChangeRuleDialog } from './change-rule-dialog.tsx';
import { ruleLook, ruleTime } from './change-rule-words.ts';

/** When nodes may be changed, and by whose word. */
export function ChangeRulesCard({ mayWrite }: { mayWrite: boolean }) {
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<ChangeRule | null>(null);
  return (
    <Card
      flush
      title="When nodes may be changed"
      meta="freezes, maintenance windows, and runs that need a second person"
      end={
        mayWrite ? (
          <Button small onClick={() => setAdding(true)}>
            <CalendarClock className="i s" aria-hidden="true" />
            New rule…
          </Button>
        ) : null
      }
    >
      <RuleTable onRemove={mayWrite ? setRemoving : null} />
      <ChangeRuleDialog open={adding} onClose={() => setAdding(false)} />
      <RemoveDialog rule={removing} onClose={() => setRemoving(null)} />
    </Card>
  );
}

function RuleTable({ onRemove }: { onRemove: ((rule: ChangeRule) => void) | null }) {
  const { data, error, refetch } = useChangeRules();
  const now = useNow();
  if (!data) return <RowsToCome error={error} onRetry={() => void refetch()} />;
  if (data.rules.length === 0)
    return <p className="no-points">No rules: every node may be changed at any time, by anyone who may start runs.</p>;
  return (
    <TableFrame label="Rules for changes">
      <thead>
        <tr>
          <th scope="col">Rule</th>
          <th scope="col">Nodes</th>
          <th scope="col">When</th>
          <th scope="col" className="p2">
            Reason
          </th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {data.rules.map((rule) => {
          const look = ruleLook(rule, now);
          return (
            <tr key={rule.id}>
              <td>
                <Chip tone={look.tone} mark={look.mark}>
                  {look.word}
                </Chip>
              </td>
              <td>
                <code>{rule.selector}</code>
              </td>
              <td>{ruleTime(rule)}</td>
              <td className="p2 t3">
                {rule.reason}, {rule.createdBy}
              </td>
              <td className="num">
                {onRemove ? (
                  <Button small look="danger" onClick={() => onRemove(rule)}>
                    Remove…
                  </Button>
                ) : null}
              </td>
            </tr>
          );
        })}
      </tbody>
    </TableFrame>
  );
}

function RemoveDialog({ rule, onClose }: { rule: ChangeRule | null; onClose: () => void }) {
  const remove = useRemoveChangeRule();
  return (
    <DangerDialog
      open={rule !== null}
      title={`Remove the ${rule?.kind ?? 'rule'} on ${rule?.selector ?? ''}?`}
      effects={[
        {
          key: 'now',
          icon: <Trash2 className="i s" aria-hidden="true" />,
          text: 'Runs that wait for it go on at once, and new ones are not held by it',
        },
      ]}
      keep="Keep it"
      act="Remove the rule"
      busy={remove.isPending}
      problem={<ProblemNote error={remove.error} />}
      onAct={() => rule && remove.mutate(rule.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
