import type { ErrorCode } from '#shared/errors.ts';
import type { NodeState } from '#shared/nodes.ts';
import type { ScrapeCause } from './failure.ts';

/** What the last scrape of the metrics page showed; null = not asked yet. */
export type PageView =
  | { ok: true; at: number; ready: boolean | null; notReadyWords: string | null; reloadFailed: boolean }
  | { ok: false; at: number; cause: ScrapeCause; words: string }
  | null;

/** What the last probe over SSH showed; null = not asked yet. */
export type SshView =
  | { ok: true; at: number; mainPid: number | null; activeState: string; subState: string }
  | { ok: false; at: number; code: ErrorCode; detail: string }
  | null;

export type HealthView = {
  now: number;
  /** loops ask far more often; an older answer says nothing about now */
  staleAfterMs: number;
  via: 'http' | 'ssh' | 'none';
  unit: string;
  page: PageView;
  ssh: SshView;
};

/**
 * Reachability in one word and why in a sentence. up = fresh data and ready; degraded = it answers, but something that a person should see
 * is wrong; scrape-blind = SSH lives, metrics do not; down = neither; unknown = not asked yet. A leak never changes it.
 */
export function judgeHealth(view: HealthView): { state: NodeState; reason: string | null } {
  const page = fresh(view.page, view);
  const ssh = fresh(view.ssh, view);
  if (view.via === 'none') return withoutPage(view, ssh);
  if (page === null && (ssh === null || view.via === 'ssh')) return { state: 'unknown', reason: waiting(view) };
  if (page?.ok) return answering(view, page, ssh);
  const pageWords = page === null ? 'The metrics page was not read yet.' : page.words;
  if (ssh?.ok)
    return { state: 'scrape-blind', reason: `${processWords(view, ssh) ?? 'SSH answers, the metrics page does not.'} ${pageWords}` };
  if (page === null) return { state: 'unknown', reason: waiting(view) };
  if (ssh === null) return { state: 'down', reason: pageWords };
  // metrics through SSH fail by the same cause: one sentence is enough
  if (page.cause === 'ssh') return { state: 'down', reason: ssh.detail };
  return { state: 'down', reason: `${pageWords} ${ssh.detail}` };
}

function answering(view: HealthView, page: Extract<PageView, { ok: true }>, ssh: SshView): { state: NodeState; reason: string | null } {
  if (page.ready === false)
    return { state: 'degraded', reason: `/ready does not answer 200${page.notReadyWords ? `: ${page.notReadyWords}` : ''}.` };
  if (page.reloadFailed)
    return { state: 'degraded', reason: 'The last reload failed: it runs on the config from before. See its journal.' };
  if (ssh && !ssh.ok) return { state: 'degraded', reason: `Metrics are live, but it cannot be changed: ${ssh.detail}` };
  if (ssh?.ok && ssh.mainPid === null)
    return { state: 'degraded', reason: `Metrics are live, but ${lower(processWords(view, ssh) ?? '')}` };
  return { state: 'up', reason: null };
}

function withoutPage(view: HealthView, ssh: SshView): { state: NodeState; reason: string | null } {
  if (ssh === null) return { state: 'unknown', reason: waiting(view) };
  if (!ssh.ok) return { state: 'down', reason: ssh.detail };
  const reason = processWords(view, ssh);
  return reason === null ? { state: 'up', reason } : { state: 'degraded', reason };
}

/** Null while the unit has a process. */
function processWords(view: HealthView, ssh: Extract<SshView, { ok: true }>): string | null {
  if (ssh.mainPid !== null) return null;
  return `The unit ${view.unit} has no process (${ssh.activeState || 'unknown'}${ssh.subState ? `, ${ssh.subState}` : ''}).`;
}

function waiting(view: HealthView): string {
  const last = Math.max(view.page?.at ?? 0, view.ssh?.at ?? 0);
  return last === 0 ? 'Not asked yet.' : `No answer since ${new Date(last).toISOString()}.`;
}

const lower = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1);

function fresh<T extends { at: number }>(answer: T | null, { now, staleAfterMs }: HealthView): T | null {
  return answer && now - answer.at <= staleAfterMs ? answer : null;
}
