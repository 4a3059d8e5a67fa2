'use client';
import { useAuditState } from '#client/audit.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';

/** Whether every row follows from the one before it up to the signed last one, and the head to note elsewhere. */
export function ChainState({ mayVerify }: { mayVerify: boolean }) {
  const { data, error, isFetching, refetch } = useAuditState(mayVerify);
  if (!mayVerify) return null;
  const again = (
    <Button small onClick={() => void refetch()} disabled={isFetching}>
      {isFetching ? 'Reading every row…' : 'Verify again'}
    </Button>
  );
  if (!data)
    return (
      <div className="mb-4">
        <Callout tone={error ? 'warn' : 'neutral'}>
          <div className="row wrap">
            <span className="grow">{error ? 'The chain could not be verified now.' : 'Verifying the chain…'}</span>
            {error ? again : null}
          </div>
        </Callout>
      </div>
    );
  const rows = `${data.rows.toLocaleString('en')} ${data.rows === 1 ? 'row' : 'rows'}`;
  return (
    <div className="mb-4">
      <Callout tone={data.problem === null ? 'ok' : 'danger'} live={data.problem !== null}>
        <div className="row wrap">
          {data.problem === null ? (
            <span className="grow">
              Whole and unchanged: {rows}, and the last one is signed. Note its head where this console cannot write:{' '}
              <code className="t2 break-all">{data.head ?? 'none yet'}</code>
            </span>
          ) : (
            <span className="grow">
              <b>Tampered with.</b> {data.problem}. {rows} before that hold. Export it, and compare with a backup.
            </span>
          )}
          {data.head && data.problem === null ? <CopyButton text={data.head} label="Copy the head" /> : null}
          {again}
        </div>
      </Callout>
    </div>
  );
}
