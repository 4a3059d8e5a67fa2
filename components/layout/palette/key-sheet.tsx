'use client';
import { useSingleKeys } from '#client/single-keys.ts';
import { useToastsOn } from '#client/toasts-on.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { Switch } from '#components/ui/switch.tsx';
import { GOVERN_NAV, MAIN_NAV } from '../nav.ts';
import { KEYS } from './key-names.ts';

const PARTS: readonly { title: string; keys: readonly (readonly [keys: readonly string[], words: string])[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['Ctrl', 'K'], 'find a node, a run, a page; restart, X-ray, compare'],
      [[KEYS.selector], 'to the selector of the page'],
      [[KEYS.theme], 'light or dark'],
      [[KEYS.sheet], 'this sheet'],
      [['Esc'], 'close, or empty the selector'],
    ],
  },
  {
    title: 'Go to',
    keys: [...MAIN_NAV, ...GOVERN_NAV].flatMap((item) => (item.go === undefined ? [] : [[['g', item.go], item.label] as const])),
  },
  {
    title: 'Tables',
    keys: [
      [['j', 'k'], 'down, up'],
      [['x'], 'select the row'],
      [['Enter'], 'open it'],
    ],
  },
  {
    title: 'Charts',
    keys: [
      [['←', '→'], 'move the cursor by one point'],
      [['Home', 'End'], 'to the first, to the last'],
    ],
  },
];

/** What the keyboard can do here. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const [on, set] = useSingleKeys();
  const [toasts, setToasts] = useToastsOn();
  return (
    <Dialog open onClose={onClose} title="Keys" footer={<Button onClick={onClose}>Close</Button>}>
      <div className="keys">
        {PARTS.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([pressed, words]) => (
                <div key={words}>
                  <dt>
                    {pressed.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <div className="row">
          <Switch checked={on} onChange={set} label="Single keys act" />
          <span className="t2">Single keys act. Turn this off if they get in your way; Ctrl K stays.</span>
        </div>
        <div className="row">
          <Switch checked={toasts} onChange={setToasts} label="Messages of other pages" />
          <span className="t2">
            Messages when a run of yours ends, an incident opens or a node goes down on a page that you are not on.
          </span>
        </div>
      </div>
    </Dialog>
  );
}
