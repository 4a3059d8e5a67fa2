'use client';
import { Archive, FileCheck, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useRemoveNode } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';

export function RemoveNode({ id, name, version }: { id: string; name: string; version: number }) {
  const [open, setOpen] = useState(false);
  const remove = useRemoveNode(id);
  const router = useRouter();
  return (
    <div>
      <Button small look="ghost" onClick={() => setOpen(true)}>
        <Trash2 className="i s" aria-hidden="true" />
        Remove this node…
      </Button>
      <DangerDialog
        open={open}
        title={`Remove ${name} from the fleet?`}
        lead="The console stops reading it. The node itself is not touched."
        effects={[
          { key: 'stays', icon: <FileCheck className="i s" aria-hidden="true" />, text: 'Proxy, config.yaml and service stay as they are' },
          {
            key: 'lost',
            icon: <Archive className="i s" aria-hidden="true" />,
            text: 'Its charts and its approved host key are forgotten; runs and audit keep their record',
          },
        ]}
        keep="Keep it"
        act={`Remove ${name}`}
        busy={remove.isPending}
        problem={<ProblemNote error={remove.error} />}
        onAct={() => remove.mutate(version, { onSuccess: () => router.push('/') })}
        onClose={() => setOpen(false)}
      />
    </div>
  );
}
