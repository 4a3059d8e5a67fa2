import { urgency } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';

export type TourStep = {
  title: string;
  words: string /** where it is about */;
  href: string /** the page that is open is the one */;
  on: RegExp;
};

/** `run`: the one that was started meanwhile. */
export function tourSteps(nodes: readonly FleetNode[], run: string | null): TourStep[] {
  const worst = [...nodes].sort((a, b) => urgency(a) - urgency(b));
  const node = worst.find(({ leak }) => leak.verdict === 'leaking') ?? worst[0];
  const name = node?.name ?? 'a node';
  const nodePath = node ? `/nodes/${encodeURIComponent(node.id)}` : '/';
  const leaks = node?.leak.verdict === 'leaking';
  return [
    {
      title: 'Who dies first',
      words: leaks
        ? `The fleet, sorted by who runs out of file descriptors first. ${name} leaks: the time that is left stands beside it, with its band.`
        : 'The fleet, sorted by who runs out of file descriptors first. The demo’s leaks are called within four minutes of traffic; until then a node says what is missing for a verdict.',
      href: '/',
      on: /^\/$/,
    },
    {
      title: `Open ${name}`,
      words: leaks
        ? 'Headroom is what is left below the limit. The line beside the name says what the console concludes, and how sure it is.'
        : 'No leak is called yet: it takes minutes of traffic, and the line beside the name says what is missing. This card waits, also over a reload.',
      href: nodePath,
      on: /^\/nodes\/[^/]+$/,
    },
    {
      title: 'Chart and verdict',
      words:
        'Explained fds are stacked: baseline, live tunnels, idle pool. What is above is unexplained, and the dashed cone is where it goes. The tab fd X-ray says what is open, and to whom.',
      href: nodePath,
      on: /^\/nodes\/[^/]+$/,
    },
    {
      title: 'The runbook',
      words:
        'fd-leak is the incident’s document as steps: what it says to type, what is typed instead, what each figure proves and does not prove.',
      href: `/runbooks/fd-leak?selector=${encodeURIComponent(`name=${name}`)}`,
      on: /^\/runbooks\/fd-leak$/,
    },
    {
      title: 'Start the run',
      words: run
        ? 'It is started. Before anything is changed there is a backup on the node, which puts it back by itself unless the console confirms in time.'
        : leaks
          ? 'Press Start on this page. A backup lies on the node first, and the node puts it back by itself unless the console confirms in time.'
          : 'No leak is called yet: started now, the run would only find that nothing leaks for sure. Wait for the fleet page to call one, or look at the plan.',
      href: run ? `/runs/${run}` : `/runbooks/fd-leak?selector=${encodeURIComponent(`name=${name}`)}`,
      on: /^\/(runbooks\/fd-leak|runs\/[^/]+)$/,
    },
    {
      title: 'Fixed, or not fixed',
      words:
        'A restart frees every leaked fd, so a low count proves nothing. The run watches the slope per 1,000 connections, before and after: one of the demo’s leaks is fixed by this document, the other is not, and the verdict says so.',
      href: run ? `/runs/${run}` : '/runs',
      on: /^\/runs(\/[^/]+)?$/,
    },
    {
      title: 'Postmortem',
      words:
        'The incident holds the alarm, every act and the verdict on one time line; resolved, it writes the postmortem’s first draft from them.',
      href: '/incidents',
      on: /^\/incidents/,
    },
  ];
}
