'use client';
import { Boxes, HardDriveUpload, ServerCog } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip, Tag } from '#components/ui/chip.tsx';
import { EmptyState, Way } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import { MARKS, Mark } from '#components/ui/mark.tsx';
import { Receipt } from '#components/ui/receipt.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { LostStrip, StaleStrip } from '#components/ui/strip.tsx';
import { Switch } from '#components/ui/switch.tsx';
import { VerdictCard } from '#components/ui/verdict-card.tsx';

const SHA = '9f27c4e1b70e9120000000000000000000000000000000000000000000000000';
const AS_OF = Date.parse('2026-03-01T14:29:02Z');
const stay = () => undefined;

/** One figure per state, in the words that a page would use. */
export function Gallery() {
  return (
    <div className="gallery">
      <Shown title="Loading" says="Skeletons in the final layout, once; never over known data." wide>
        <Loading what="the fleet">
          <Card title="Who dies first">
            <div className="stack">
              <Skeleton width="40%" height={20} />
              <Skeleton />
              <Skeleton />
            </div>
          </Card>
        </Loading>
      </Shown>

      <Shown title="Empty" says="Teaches the next act." wide>
        <EmptyState
          title="No nodes yet"
          lead="Headroom watches open file descriptors on each proxy and tells which node runs out first. Bring one node."
        >
          <div className="ways">
            <Way best icon={<ServerCog className="i" aria-hidden="true" />} title="Add a node over SSH">
              <p>A host that runs sniproxy and a user that can read /proc. The self-test says what is missing.</p>
              <LinkButton look="primary" small href="/nodes/new">
                Add node
              </LinkButton>
            </Way>
            <Way icon={<HardDriveUpload className="i" aria-hidden="true" />} title="Import many">
              <p>From ~/.ssh/config, an Ansible inventory or CSV. Adds and changes are shown before anything is saved.</p>
              <LinkButton small href="/nodes/import">
                Import nodes
              </LinkButton>
            </Way>
          </div>
        </EmptyState>
      </Shown>

      <Shown title="Stale" says="The last numbers stay, with their age.">
        <StaleStrip sinceSeconds={190} asOfMs={AS_OF} />
        <div data-stale="true" className="body">
          <KpiStrip label="Stale figures">
            <Kpi label="Dies first" mark="danger" value="41" unit="min" detail="38 by now, if unchanged" />
            <Kpi label="Open fds" value="51,340" detail="3 min old" />
          </KpiStrip>
        </div>
      </Shown>

      <Shown title="Offline" says="Whose silence it is: the browser’s, or the console’s. What runs goes on.">
        <LostStrip sinceSeconds={190} asOfMs={AS_OF} retryInSeconds={8} retry={stay} offline />
        <div className="mt-4">
          <LostStrip sinceSeconds={190} asOfMs={AS_OF} retryInSeconds={0} retry={stay} offline={false} />
        </div>
      </Shown>

      <Shown title="Nothing matches" says="Not empty: it says what was asked, and the way back.">
        <EmptyState title="No node matches" lead="48 nodes match without name~iad-*: the iad nodes are in zone us-east.">
          <div className="row wrap">
            <Tag>zone=eu-central !canary name~iad-*</Tag>
            <Button small>Drop name~iad-*</Button>
            <Button small look="ghost">
              Clear
            </Button>
          </div>
        </EmptyState>
      </Shown>

      <Shown title="Partial" says="What is known is shown; what is missing is named.">
        <Card title="fd X-ray" meta="412 of 5,120 fds">
          <Callout tone="warn">The look ended after 412 of 5,120 entries: the process went away. What was read is below.</Callout>
        </Card>
      </Shown>

      <Shown title="Error" says="What, what still works, what to do, the stable code.">
        <ErrorState
          error={{
            code: 'client.unreachable',
            title: 'The console does not answer',
            detail: 'Runs go on without this page. Trying again helps once it is back.',
          }}
          onRetry={stay}
        />
      </Shown>

      <Shown title="Forbidden" says="A closed door is not red, and says who opens it.">
        <ErrorState
          error={{
            code: 'auth.forbidden',
            title: 'Not for your role',
            detail: 'This needs the permission user.read; you have the role operator. An admin can change that.',
          }}
        />
      </Shown>

      <Shown title="Blocked" says="A hard stop, with no way around it.">
        <ErrorState
          error={{
            code: 'ssh.host-key-changed',
            title: 'edge-sjc-31 shows a different host key',
            detail: 'Nothing has been sent to it since. Compare the fingerprint on its own console first.',
          }}
        />
      </Shown>

      <Shown title="Conflict" says="Your edit is kept.">
        <ErrorState
          error={{
            code: 'config.changed',
            title: 'config.yaml changed while you edited',
            detail: 'Somebody wrote the file on the node after you read it. Nothing was overwritten.',
          }}
          onRetry={stay}
        />
      </Shown>

      <Verdicts />

      <Shown title="Marks and chips" says="One colour, one shape, one word.">
        <div className="row wrap">
          {MARKS.map((kind) => (
            <span key={kind} className="row" data-mark={kind}>
              <Mark kind={kind} /> <span className="sm t2">{kind}</span>
            </span>
          ))}
        </div>
        <div className="row wrap mt-4">
          <Chip tone="ok" mark="ok">
            Up
          </Chip>
          <Chip tone="danger" mark="danger">
            Leaking
          </Chip>
          <Chip tone="warn" mark="drift">
            Drift
          </Chip>
          <Chip tone="unknown" mark="unknown">
            Can’t tell yet
          </Chip>
          <Tag>group=edge</Tag>
        </div>
      </Shown>

      <Shown title="Controls" says="Disabled ones say why beside them.">
        <div className="stack">
          <div className="row wrap">
            <Button look="primary">Start</Button>
            <Button>Cancel</Button>
            <Button look="ghost">Copy</Button>
            <Button look="danger">Abort…</Button>
            <Button disabled>Restart…</Button>
            <span className="sm t3">needs the operator role</span>
          </div>
          <div className="row">
            <Switch label="Shadow mode" checked onChange={stay} /> <span className="sm">Shadow mode</span>
          </div>
          <TextField label="Idle timeout" unit="s" value="90,000" error="must be 1 to 86,400" onChange={stay} />
        </div>
      </Shown>
    </div>
  );
}

function Verdicts() {
  return (
    <>
      <Shown title="Pass" says="Two numbers and the threshold.">
        <VerdictCard
          verdict="pass"
          word="Fixed"
          sentence="412 fds leaked per 1,000 connections before, 0.3 after; fixed means at most 5."
        />
      </Shown>
      <Shown title="Fail" says="A low count after a restart is never green.">
        <VerdictCard
          verdict="fail"
          word="Not fixed"
          sentence="412 fds leaked per 1,000 connections before, 398 after. The restart freed what had leaked; it leaks on."
        >
          <Receipt
            mark="danger"
            title="Slope of unexplained fds"
            command="ls /proc/4711/fd | wc -l"
            value="398"
            threshold="at most 5"
            sha256={SHA}
            raw="5340"
            meta="14:29:02, exit 0, 41 ms"
          />
        </VerdictCard>
      </Shown>
      <Shown title="Inconclusive" says="A result, not an error: what is missing, and when it will be known.">
        <VerdictCard
          verdict="inconclusive"
          word="Can’t tell yet"
          sentence="212 connections since the restart. A slope needs 500, about 16 min more at this load."
        />
      </Shown>
    </>
  );
}

function Shown({ title, says, wide, children }: { title: string; says: string; wide?: boolean; children: ReactNode }) {
  return (
    <figure className={wide ? 'wide' : undefined} data-shows={title}>
      <figcaption>
        <Boxes className="i s" aria-hidden="true" />
        <b>{title}</b> <span className="t3">{says}</span>
      </figcaption>
      {children}
    </figure>
  );
}
