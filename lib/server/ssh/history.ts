import { type Answer, toCount } from './answer.ts';

/** What a node can tell of its config.yaml's past. Times are the console's, epoch ms. */
export type ConfigHistory = {
  sha256: string | null;
  changedAt: number | null;
  /** commands by sudo shortly before that which may have done it, the likeliest last */
  suspects: { user: string; command: string }[];
  /** the file as it was before each run that kept it */
  kept: { opsId: string; state: 'kept' | 'armed' | 'disarmed' | 'reverting' | 'reverted'; at: number; sha256: string }[];
};

const STATES = ['kept', 'armed', 'disarmed', 'reverting', 'reverted'] as const;

export function parseHistory(answer: Answer, toConsoleTime: (nodeSeconds: number) => number): ConfigHistory {
  const [sha256 = '', second] = (answer.first('file') ?? '').split(' ');
  const changed = toCount(second);
  return {
    sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null,
    changedAt: changed === null ? null : toConsoleTime(changed),
    suspects: answer.all('sudo').flatMap(parseSudo),
    kept: answer.all('kept').flatMap((line) => {
      const [opsId = '', word, at, hash = ''] = line.split(' ');
      const state = STATES.find((known) => known === word);
      const seconds = toCount(at);
      return state && seconds !== null && /^[0-9a-f]{64}$/.test(hash) ? [{ opsId, state, at: toConsoleTime(seconds), sha256: hash }] : [];
    }),
  };
}

/** `   ada : TTY=pts/0 ; PWD=/home/ada ; USER=root ; COMMAND=/usr/bin/vim /etc/sniproxy/config.yaml` */
function parseSudo(line: string): { user: string; command: string }[] {
  const [, user, command] = /^\s*([^\s:]{1,64}) : .*COMMAND=(.{1,300})$/.exec(line) ?? [];
  return user === undefined || command === undefined ? [] : [{ user, command }];
}
