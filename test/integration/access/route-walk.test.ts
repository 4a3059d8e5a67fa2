import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { problemSchema } from '#shared/errors.ts';
import { type Asking, askDirectly, CANARY, everyRoute, lastRows, paramsOf, type Route, twoGroups, urlOf } from './walk.ts';

/** Routes without `handle`, each for its reason: probes of the process that tell nothing else. */
const BARE = ['GET /healthz', 'GET /readyz'];
/** Asked by who is not signed in: to sign in, to make the first admin, to open the demo. */
const PUBLIC = ['POST /api/v1/auth/sign-in', 'GET /api/v1/setup', 'POST /api/v1/setup', 'GET /demo/sign-in'];
const PUBLIC_WAYS_IN = /^(GET|POST) \/api\/v1\/auth\/(links(\/redeem)?|methods|oidc\/(start|callback)|passkey(\/options)?|second-factor)$/;
/** What changes something and everybody may: it is their own. */
const OWN = ['POST /api/v1/auth/sign-out'];
/** Changes nothing, and needs a body: what a viewer may read. */
const READS_BY_POST = ['POST /api/v1/changes/preview', 'POST /api/v1/drills/replays'];

const isMutation = (route: Route) => route.method !== 'GET' && !READS_BY_POST.includes(route.name);
const code = async (response: Response) => problemSchema.parse(await response.json()).code;
/** That of the fleet, and not of the actor's own account, which a token has none of. */
const isPlainRead = ({ method, dir, spec }: Route) => method === 'GET' && !dir.includes('[') && !spec?.permission.startsWith('self.');
const isStream = (response: Response) => response.headers.get('content-type')?.startsWith('text/event-stream') === true;

/** All that it answers; of a stream that does not end, nothing. */
async function textOf(response: Response): Promise<string> {
  if (!isStream(response)) return response.text();
  await response.body?.cancel();
  return '';
}

describe('every route, walked', () => {
  let routes: Route[] = [];
  let world: Awaited<ReturnType<typeof twoGroups>>;
  let ask: Asking;
  const cleanUps: (() => Promise<void> | void)[] = [];
  before(async () => {
    routes = (await everyRoute()).filter((route) => !/\[\.\.\./.test(route.dir));
    world = await twoGroups({ after: (fn: () => Promise<void>) => void cleanUps.push(fn) });
    ask = askDirectly(world.ids);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });
  const guarded = () => routes.filter((route) => route.spec !== null && route.spec.permission !== 'public');

  test('has a declared permission, and says what it is about where its path names a node or a run', () => {
    assert.ok(routes.length >= 60, `${routes.length} routes`);
    assert.deepEqual(
      routes.filter((route) => route.spec === null).map((route) => route.name),
      BARE,
    );
    assert.deepEqual(
      routes
        .filter((route) => route.spec?.permission === 'public' && !PUBLIC.includes(route.name) && !PUBLIC_WAYS_IN.test(route.name))
        .map(({ name }) => name),
      [],
    );
    const about = (route: Route) => (/nodes\/\[id\]/.test(route.dir) ? 'node' : /runs\/\[id\]/.test(route.dir) ? 'run' : null);
    const silent = guarded().filter((route) => about(route) !== null && route.spec?.on !== about(route));
    assert.deepEqual(
      silent.map(({ name }) => name),
      [],
    );
    for (const route of routes) paramsOf(route, world.ids);
  });

  test('refuses a viewer every mutation, with a plausible body, and notes it', async (t) => {
    const viewer = await world.token('viewer', null);
    let refused = 0;
    for (const route of guarded().filter(isMutation)) {
      if (OWN.includes(route.name) || route.spec?.permission === 'self.write') continue;
      const response = await ask(route, viewer);
      assert.ok([403, 404].includes(response.status), `${route.name}: ${response.status} ${await response.text()}`);
      refused++;
      const [row] = await lastRows(world.runtime, 1);
      assert.deepEqual([row?.result, row?.action], ['refused', `${route.method} ${urlOf(route, paramsOf(route, world.ids))}`], route.name);
    }
    t.diagnostic(`${routes.length} routes walked, ${refused} mutations refused to a viewer`);
    assert.ok(refused >= 60, `${refused} mutations refused`);
  });

  test('of a node or run of another group is not there for an admin of one group, and the try is in the audit', async () => {
    const admin = await world.token('admin', 'group=a');
    const foreign = guarded().filter(({ spec }) => spec?.on === 'node' || spec?.on === 'run');
    assert.ok(foreign.length >= 20, `${foreign.length} routes`);
    for (const route of foreign) {
      const response = await ask(route, admin);
      const wanted = route.spec?.on === 'run' ? 'run.not-found' : 'node.not-found';
      assert.deepEqual([response.status, await code(response)], [404, wanted], route.name);
      const [row] = await lastRows(world.runtime, 1);
      const object = wanted === 'run.not-found' ? `run:${world.ids.runOfB}` : `node:${world.ids.b}`;
      const action = `${route.method} ${new URL(urlOf(route, paramsOf(route, world.ids)), 'http://x').pathname}`;
      assert.deepEqual([row?.result, row?.object, row?.action], ['refused', object, action], route.name);
    }
  });

  test('that is about the whole fleet or the console is closed to who has it for one group', async () => {
    const admin = await world.token('admin', 'group=a');
    const whole = guarded().filter(({ spec }) => spec?.on === undefined);
    assert.ok(whole.length >= 10, `${whole.length} routes`);
    for (const route of whole) {
      const response = await ask(route, admin);
      assert.deepEqual([response.status, await code(response)], [403, 'auth.forbidden'], route.name);
      const [row] = await lastRows(world.runtime, 1);
      assert.equal(row?.result, 'refused', route.name);
    }
  });

  test('never tells who has one group a word of another, whatever it answers', async (t) => {
    const told: string[] = [];
    let asked = 0;
    for (const role of ['viewer', 'admin'] as const) {
      const token = await world.token(role, 'group=a');
      for (const route of guarded()) {
        const response = await ask(route, token);
        if (role === 'admin' && isPlainRead(route) && (route.spec?.on === 'any' || route.spec?.on === 'scoped'))
          assert.equal(response.status, 200, `${route.name} for ${role}: ${isStream(response) ? '' : await response.clone().text()}`);
        const text = await textOf(response);
        asked++;
        if (text.includes(CANARY)) told.push(`${route.name} for ${role}: ${text.slice(0, 300)}`);
      }
    }
    assert.deepEqual(told, []);
    t.diagnostic(`${asked} answers read`);
    assert.ok(asked >= 200, `${asked} answers`);
  });
});
