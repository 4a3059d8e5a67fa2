import type { Db } from '#server/db/index.ts';
import type { AuditFilter } from '#shared/audit.ts';

/** Rows of the audit that the filter lets through. `actor`: an id, or a part of a name; `object` and `action`: how they begin. */
export function filtered(db: Db, { actor, action, object, result, from, to }: AuditFilter) {
  let query = db.selectFrom('audit').selectAll();
  if (actor !== undefined)
    query = query.where((eb) =>
      eb.or([eb('actorId', '=', actor), eb(eb.fn('lower', ['actorName']), 'like', like(actor.toLowerCase(), '%'))]),
    );
  if (action !== undefined) query = query.where('action', 'like', like(action));
  if (object !== undefined) query = query.where('object', 'like', like(object));
  if (result !== undefined) query = query.where('result', '=', result);
  if (from !== undefined) query = query.where('at', '>=', from);
  if (to !== undefined) query = query.where('at', '<', to);
  return query;
}

/** The text as it stands, then anything. A backslash escapes only where a pattern says so, so its signs become the one for any character. */
const like = (text: string, before = ''): string => `${before}${text.replaceAll(/[%_\\]/g, '_')}%`;
