import type { Toast } from '#components/ui/toasts.tsx';
import { incidentName } from '#shared/incident-rules.ts';
import type { IncidentList } from '#shared/incidents.ts';
import type { Fleet } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import type { RunList } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';

/** What is known at one moment; undefined = not read yet. */
export type Known = { fleet: Fleet | undefined; incidents: IncidentList | undefined; runs: RunList | undefined };

type RunHead = RunList['runs'][number];
/** `on`: the paths of pages that show it anyway. `about`: the nodes that it is of. */
export type News = Toast & { on: readonly string[]; about: readonly string[] };

/** More than these at once are one message with a count. */
const APART = 2;

/** What came to be between two moments, oldest kind first: nodes that went down, runs of `me` that stopped moving, incidents. Pure. */
export function newsBetween(before: Known, now: Known, me: { name: string; sinceMs: number }): News[] {
  return [...ofNodes(before, now), ...ofRuns(before, now, me), ...ofIncidents(before, now)];
}

/** Newest first, one per key, none that the page shows, and no more than fit beside the work. */
export function toastsOf(news: readonly News[], path: string, most: number): News[] {
  const told = news.filter(
    ({ on, about, key }, i) =>
      !on.includes(path) &&
      !news.slice(i + 1).some((later) => later.key === key) &&
      // an incident says more than that its nodes are down
      !(key.startsWith('down ') && news.some((n) => n.key.startsWith('incident ') && about.every((id) => n.about.includes(id)))),
  );
  return told.slice(-most).reverse();
}

function ofNodes({ fleet: before }: Known, { fleet: now }: Known): News[] {
  if (!before || !now) return [];
  const was = new Map(before.nodes.map(({ id, state }) => [id, state]));
  // one that was never seen, still being set up, has not gone anywhere
  const seen = (id: string) => was.has(id) && was.get(id) !== 'down' && was.get(id) !== 'unknown';
  const down = now.nodes.filter(({ id, state }) => state === 'down' && seen(id));
  if (down.length > APART) {
    const about = down.map(({ id }) => id);
    const detail = `${down
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')} and ${down.length - 3 > 0 ? `${down.length - 3} more` : 'no other'}: neither metrics nor SSH answer.`;
    return [
      {
        key: `down ${about.join(' ')}`,
        mark: 'down',
        title: `${plural(down.length, 'node')} went down`,
        detail,
        href: '/',
        on: ['/'],
        about,
      },
    ];
  }
  return down.map(({ id, name, stateReason }) => ({
    ...{ key: `down ${id}`, mark: 'down', title: `${name} went down`, href: `/nodes/${id}`, on: ['/', `/nodes/${id}`], about: [id] },
    detail: stateReason ?? 'Neither metrics nor SSH answer.',
  }));
}

const STILL: Partial<Record<RunHead['status'], { mark: Toast['mark']; words: string }>> = {
  succeeded: { mark: 'ok', words: 'ended' },
  failed: { mark: 'danger', words: 'failed' },
  aborted: { mark: 'skip', words: 'was aborted' },
  'rolled-back': { mark: 'drift', words: 'was rolled back' },
  waiting: { mark: 'wait', words: 'waits for an answer' },
  paused: { mark: 'warn', words: 'is paused' },
};

function ofRuns({ runs: before }: Known, { runs: now }: Known, me: { name: string; sinceMs: number }): News[] {
  if (!before || !now) return [];
  const was = new Map(before.runs.map(({ id, status }) => [id, status]));
  return now.runs.flatMap((run): News[] => {
    const still = STILL[run.status];
    const old = was.get(run.id);
    const isNew = old === undefined ? Date.parse(run.createdAt) >= me.sinceMs : old !== run.status;
    if (run.startedBy !== me.name || still === undefined || !isNew) return [];
    const href = `/runs/${run.id}`;
    return [
      {
        ...{ key: `run ${run.id}`, mark: markOf(run, still.mark), href, on: ['/runs', href], about: [] },
        title: `${runName(run.id)} ${still.words}`,
        detail: run.summary || `${run.runbook.title} on ${plural(run.targetCount, 'node')}.`,
      },
    ];
  });
}

/** A run may end well and have proven that nothing is fixed. */
const markOf = ({ verdict }: RunHead, mark: Toast['mark']): Toast['mark'] =>
  mark !== 'ok' || verdict === null || verdict === 'pass' ? mark : verdict === 'fail' ? 'danger' : 'unknown';

function ofIncidents({ incidents: before }: Known, { incidents: now }: Known): News[] {
  if (!before || !now) return [];
  const was = new Set(before.incidents.map(({ id }) => id));
  const newest = Math.max(0, ...before.incidents.map(({ openedAt }) => Date.parse(openedAt)));
  // of a list that was cut, an old one may come into sight as others end
  const fresh = now.incidents.filter(({ id, openedAt }) => !was.has(id) && (!before.cut || Date.parse(openedAt) > newest));
  return fresh.map(({ id, number, title, severity, nodes }) => {
    const href = `/incidents/${id}`;
    const about = nodes.map(({ nodeId }) => nodeId);
    return {
      ...{ key: `incident ${id}`, mark: severity === 'critical' ? 'danger' : severity === 'warning' ? 'warn' : 'drift', href, about },
      ...{
        title: `${incidentName(number)} is open`,
        detail: title,
        on: ['/', '/incidents', href, ...about.map((node) => `/nodes/${node}`)],
      },
    };
  });
}
