import { Play, ScanSearch, SlidersHorizontal } from 'lucide-react';
import Link from 'next/link';
import { useLastFdLeak } from '#client/last-fd-leak.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Chip, Tag } from '#components/ui/chip.tsx';
import { Ago } from '#components/ui/now.tsx';
import { isNotFixed, LEAK_WORDS, leakMark, leakTone, STATE_MARKS, STATE_TONES, STATE_WORDS, whyNotRun } from '#shared/node-words.ts';
import type { FleetNode, NodeDetail } from '#shared/nodes.ts';
import { selectorOf } from './select-nodes.ts';

/** Name, the two judgements (reachability and leak are two things), labels, and what can be done. */
export function NodeHead({ node, member, mayOperate }: { node: FleetNode; member: NodeDetail['member']; mayOperate: boolean }) {
  const selector = `selector=${encodeURIComponent(selectorOf([node.name]))}`;
  const refused = whyNotRun(node, mayOperate);
  const notFixed = isNotFixed(node, useLastFdLeak(node.id, node.name));
  return (
    <div className="page-h">
      <div className="grow">
        <div className="row wrap">
          <h1>{node.name}</h1>
          <Chip tone={leakTone(node)} mark={leakMark(node)} title={node.leak.missing}>
            {LEAK_WORDS[node.leak.verdict]}
          </Chip>
          <Chip tone={STATE_TONES[node.state]} mark={STATE_MARKS[node.state]} title={node.stateReason ?? undefined}>
            {STATE_WORDS[node.state]}
          </Chip>
          {node.drift ? (
            <Chip tone="warn" mark="drift">
              Drift
            </Chip>
          ) : null}
          {node.hostKey.blocked ? (
            <Chip tone="danger" mark="danger">
              Blocked
            </Chip>
          ) : null}
          {node.activeRunId === null ? null : (
            <Link className="chip accent" href={`/runs/${encodeURIComponent(node.activeRunId)}`}>
              A run is changing this node
            </Link>
          )}
        </div>
      </div>
      <div className="actions">
        {refused === null ? (
          <>
            <LinkButton href={`/changes/new?${selector}`}>
              <SlidersHorizontal className="i s" aria-hidden="true" />
              Change config
            </LinkButton>
            {notFixed ? (
              <LinkButton look="primary" href={`/nodes/${encodeURIComponent(node.id)}?tab=fds`}>
                <ScanSearch className="i s" aria-hidden="true" />
                X-ray what grew
              </LinkButton>
            ) : (
              <LinkButton look={node.leak.verdict === 'leaking' ? 'primary' : 'plain'} href={`/runbooks/fd-leak?${selector}`}>
                <Play className="i s" aria-hidden="true" />
                Run fd-leak
              </LinkButton>
            )}
          </>
        ) : (
          <>
            <span className="sm t3 self-center">{refused}</span>
            <Button disabled>Run fd-leak</Button>
          </>
        )}
      </div>
      <div className="ident">
        {Object.entries(node.labels).map(([key, value]) => (
          <Tag key={key}>{value === '' ? key : `${key}=${value}`}</Tag>
        ))}
        <span className="facts">
          <span className="hide-m">
            {member.host}:{member.sshPort}
            <span className="dot-sep" />
          </span>
          {node.processStart === null ? (
            'process start not known'
          ) : (
            <>
              process started <Ago at={node.processStart} />
            </>
          )}
          {node.stateReason ? (
            <>
              <span className="dot-sep" />
              <span className="t1">{node.stateReason}</span>
            </>
          ) : null}
        </span>
      </div>
    </div>
  );
}
