'use client';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';

/** Modal on the native element: focus stays inside, Escape closes, the page behind is inert. */
export function Dialog({
  open,
  onClose,
  title,
  lead,
  children,
  footer,
  role = 'dialog',
}: {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  lead?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
  role?: 'dialog' | 'alertdialog';
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && dialog && !dialog.open) dialog.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} className="dlg" role={role} aria-labelledby={id} onClose={onClose}>
      {open ? (
        <>
          <div className="dlg-h">
            <h2 id={id}>{title}</h2>
            {lead ? <p>{lead}</p> : null}
          </div>
          {children}
          {footer ? <div className="dlg-f">{footer}</div> : null}
        </>
      ) : null}
    </dialog>
  );
}

/**
 * A dangerous act: what happens, what it costs, the way back. The safe button comes first in focus order.
 * With `typed` the person types that text (the node count of a fleet act) before the solid button works.
 */
export function DangerDialog({
  open,
  title,
  lead,
  effects,
  typed,
  keep,
  act,
  busy,
  problem,
  onAct,
  onClose,
}: {
  open: boolean;
  title: string;
  lead?: ReactNode;
  effects: readonly { icon: ReactNode; text: ReactNode; key: string }[];
  typed?: string;
  /** the safe button: "Keep running" */
  keep: string;
  /** the solid red button repeats the verb and the count: "Roll back 13 nodes" */
  act: ReactNode;
  busy?: boolean;
  problem?: ReactNode;
  onAct: () => void;
  onClose: () => void;
}) {
  const [text, setText] = useState('');
  useEffect(() => {
    if (open) setText('');
  }, [open]);
  const ready = typed === undefined || text.trim() === typed;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      lead={lead}
      role="alertdialog"
      footer={
        <>
          <Button onClick={onClose}>{keep}</Button>
          <Button look="danger-solid" disabled={!ready || busy} onClick={onAct}>
            {act}
          </Button>
        </>
      }
    >
      <ul>
        {effects.map(({ icon, text: effect, key }) => (
          <li key={key}>
            {icon}
            <span>{effect}</span>
          </li>
        ))}
      </ul>
      <div className="dlg-b">
        {typed === undefined ? null : (
          <TextField label={`Type ${typed} to go on`} inputMode="numeric" value={text} onChange={(event) => setText(event.target.value)} />
        )}
        {problem}
      </div>
    </Dialog>
  );
}
