'use client';
import clsx from 'clsx';
import { ChevronDown, OctagonX } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';

type Frame = {
  label: ReactNode;
  /** under the field; may name the config key in mono */
  help?: ReactNode;
  error?: string | undefined;
  /** inside the field, at the right */
  unit?: string;
};

/** Label above, unit inside, help or the error under it; the error is what a screen reader says with the field. */
function useFrame({ help, error }: Frame) {
  const id = useId();
  const describedBy = error ? `${id}-error` : help ? `${id}-help` : undefined;
  return { id, describedBy };
}

function FieldFrame({ id, frame, children }: { id: string; frame: Frame; children: ReactNode }) {
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {frame.label}
      </label>
      <div className={clsx('input', frame.error && 'bad')}>
        {children}
        {frame.unit ? <span className="u">{frame.unit}</span> : null}
      </div>
      {frame.error ? (
        <p className="field-err" id={`${id}-error`}>
          <OctagonX className="i xs" aria-hidden="true" />
          {frame.error}
        </p>
      ) : frame.help ? (
        <p className="help" id={`${id}-help`}>
          {frame.help}
        </p>
      ) : null}
    </div>
  );
}

const split = <P extends Frame>({ label, help, error, unit, ...rest }: P) => ({
  frame: {
    label,
    ...(help === undefined ? {} : { help }),
    ...(error === undefined ? {} : { error }),
    ...(unit === undefined ? {} : { unit }),
  } satisfies Frame,
  rest,
});

export function TextField(props: Frame & ComponentProps<'input'>) {
  const { frame, rest } = split(props);
  const { id, describedBy } = useFrame(frame);
  return (
    <FieldFrame id={id} frame={frame}>
      <input id={id} aria-invalid={frame.error ? true : undefined} aria-describedby={describedBy} autoComplete="off" {...rest} />
    </FieldFrame>
  );
}

export function SelectField(props: Frame & ComponentProps<'select'>) {
  const { frame, rest } = split(props);
  const { id, describedBy } = useFrame(frame);
  return (
    <FieldFrame id={id} frame={frame}>
      <select id={id} aria-invalid={frame.error ? true : undefined} aria-describedby={describedBy} {...rest} />
      <ChevronDown className="i xs sel-i" aria-hidden="true" />
    </FieldFrame>
  );
}

export function AreaField(props: Frame & ComponentProps<'textarea'>) {
  const { frame, rest } = split(props);
  const { id, describedBy } = useFrame(frame);
  return (
    <FieldFrame id={id} frame={frame}>
      <textarea id={id} className="mono" aria-invalid={frame.error ? true : undefined} aria-describedby={describedBy} {...rest} />
    </FieldFrame>
  );
}
