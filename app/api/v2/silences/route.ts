import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../_http/handle.ts';
import { visibleSilences } from '../../_http/visible-silences.ts';

/** Alertmanager's GET /api/v2/silences. */
export const GET = handle({ permission: 'alert.read', on: 'scoped', errors: 'alertmanager' }, async ({ runtime, scope, request }) =>
  alertmanagerApi.gettableSilences(
    await visibleSilences(runtime, scope, await runtime.notify.silences()),
    new URL(request.url).searchParams,
  ),
);

/** Alertmanager's POST /api/v2/silences: with an id, that one gets another end and comment; with other matchers too, it ends and a new one begins. */
export const POST = handle(
  { permission: 'silence.write', on: 'scoped', errors: 'alertmanager', body: alertmanagerApi.postableSilenceSchema },
  async ({ runtime, actor, body }) => {
    const { verbs } = runtime.notify;
    const span = { startsAt: Date.parse(body.startsAt), endsAt: Date.parse(body.endsAt) };
    const draft = { ...span, matchers: body.matchers, reason: body.comment, owner: body.createdBy };
    if (body.id === undefined || body.id === '') return { silenceID: (await runtime.command(actor, verbs.addSilence, draft)).id };
    const before = await runtime.notify.silence(body.id);
    if (before.state === 'expired' || !alertmanagerApi.sameMatchers(before, body))
      return { silenceID: (await runtime.command(actor, verbs.replaceSilence, { ...draft, id: before.id })).id };
    const edit = { id: before.id, reason: body.comment, ...span };
    return { silenceID: (await runtime.command(actor, verbs.editSilence, edit)).id };
  },
);
