import { headers } from 'next/headers';
import type { FirstAnswers } from '#client/first-answers.ts';
import { GET as getFleet } from '../api/v1/fleet/route.ts';
import { GET as getSession } from '../api/v1/session/route.ts';

/** A page that stands without figures is better than one that does not come. */
const LONGEST_MS = 1500;

/**
 * What the page will ask the API for first, asked here as the same caller, so that the page can be drawn before its script is there. Null when there is
 * nothing good to draw, or nobody who needs it: who comes from another page has the fleet already.
 */
export async function firstAnswers(): Promise<FirstAnswers | null> {
  const asked = await headers();
  if (!asked.get('accept')?.includes('text/html')) return null;
  const ask = async (get: typeof getFleet, path: string) => {
    const request = new Request(`http://console.invalid/api/v1/${path}`, { headers: { cookie: asked.get('cookie') ?? '' } });
    const answer = await get(request, { params: Promise.resolve({}) });
    return answer.ok ? answer.text() : null;
  };
  const late = Promise.withResolvers<null[]>();
  const timer = setTimeout(late.resolve, LONGEST_MS, []);
  const answered = Promise.all([ask(getFleet, 'fleet'), ask(getSession, 'session')]);
  const [fleet, session] = await Promise.race([answered, late.promise]).finally(() => clearTimeout(timer));
  return fleet && session ? { fleet, session, at: Date.now() } : null;
}
