import clsx from 'clsx';
import { CircleCheck, CircleQuestionMark, OctagonX } from 'lucide-react';
import { type ReactNode, useId } from 'react';

const LOOKS = {
  pass: { frame: 'pass', Icon: CircleCheck },
  fail: { frame: 'fail', Icon: OctagonX },
  inconclusive: { frame: 'inc', Icon: CircleQuestionMark },
} as const;

/** Glyph and word ("Not fixed", "Can’t tell yet", "Fixed"), one sentence with the numbers, then what shows it. Announced when it appears. */
export function VerdictCard({
  verdict,
  word,
  sentence,
  children,
}: {
  verdict: keyof typeof LOOKS;
  word: string;
  sentence: ReactNode;
  children?: ReactNode;
}) {
  const id = useId();
  const { frame, Icon } = LOOKS[verdict];
  return (
    <section className={clsx('verdict', frame)} aria-labelledby={id}>
      <div className="verdict-h" role="status">
        <Icon className="i" aria-hidden="true" />
        <div>
          <h2 className="word" id={id}>
            {word}
          </h2>
          <p>{sentence}</p>
        </div>
      </div>
      {children}
    </section>
  );
}
