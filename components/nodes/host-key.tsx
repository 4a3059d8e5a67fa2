'use client';
import { Fingerprint, Lock } from 'lucide-react';
import { useState } from 'react';
import { useCheckNode, useHostKey, usePinHostKey } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { TextField } from '#components/ui/field.tsx';
import { Ago } from '#components/ui/now.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { FleetNode } from '#shared/nodes.ts';

/** A hard stop: nothing is sent until an admin compared the new key on the host's own console. There is no "ignore". */
export function BlockedHostKey({ node, mayPin }: { node: FleetNode; mayPin: boolean }) {
  const check = useCheckNode(node.id);
  const [asking, setAsking] = useState(false);
  const offered = useHostKey(node.id).data?.offered ?? null;
  return (
    <section className="card blocked" role="alert">
      <div className="err">
        <Fingerprint className="i fg-danger" aria-hidden="true" />
        <div>
          <h2>{node.name} shows a different host key</h2>
          <p>
            Nothing has been sent to it since.{' '}
            {node.lastSampleAt === null ? null : (
              <>
                The last sample came <Ago at={node.lastSampleAt} />.
              </>
            )}{' '}
            Runs skip this node.
          </p>
          <dl className="kv">
            <dt>Pinned</dt>
            <dd>
              <code>{node.hostKey.fingerprint ?? 'none'}</code>
            </dd>
            <dt>Seen now</dt>
            <dd>
              <code>{offered ?? (check.isPending ? 'asking the host…' : 'not asked yet')}</code>
            </dd>
            <dt>Code</dt>
            <dd>
              <code>ssh.host-key-changed</code>
            </dd>
          </dl>
          <p className="sm t3 mt-2">
            Reinstalled host? Compare the fingerprint on its own console first. Re-pinning needs the admin role and a reason, and is written
            to the audit.
          </p>
          <div className="acts">
            <Button onClick={() => check.mutate()} disabled={check.isPending}>
              Ask for the key again
            </Button>
            {mayPin ? (
              <Button
                look="danger"
                disabled={offered === null}
                title={offered === null ? 'Ask for the key first' : undefined}
                onClick={() => setAsking(true)}
              >
                Re-pin…
              </Button>
            ) : (
              <Button disabled>
                <Lock className="i s" aria-hidden="true" />
                Re-pin… (admin)
              </Button>
            )}
          </div>
        </div>
      </div>
      {offered === null ? null : <RepinDialog node={node} offered={offered} open={asking} onClose={() => setAsking(false)} />}
    </section>
  );
}

function RepinDialog({ node, offered, open, onClose }: { node: FleetNode; offered: string; open: boolean; onClose: () => void }) {
  const pin = usePinHostKey(node.id);
  const [reason, setReason] = useState('');
  return (
    <Dialog
      open={open}
      onClose={onClose}
      role="alertdialog"
      title={`Trust the new key of ${node.name}?`}
      lead={
        <>
          You compared <code>{offered}</code> on the host’s own console. From then on the console sends commands to whoever holds this key.
        </>
      }
      footer={
        <>
          <Button onClick={onClose}>Keep it blocked</Button>
          <Button
            look="danger-solid"
            disabled={reason.trim() === '' || pin.isPending}
            onClick={() => pin.mutate({ fingerprint: offered, reason: reason.trim() }, { onSuccess: onClose })}
          >
            Re-pin {node.name}
          </Button>
        </>
      }
    >
      <div className="dlg-b">
        <TextField
          label="Why did it change?"
          help="Goes into the audit"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
        />
        <ProblemNote error={pin.error} />
      </div>
    </Dialog>
  );
}
