import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';
import { addChannel, alertOf, SECRET, say, sink, webhookTo } from '../../integration/notify/rig.ts';

/** docs.slack.dev: an incoming webhook takes `text` and up to 50 blocks; lengths are those of the block kit's reference. */
const plain = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(most), emoji: z.boolean().optional() });
const mrkdwn = (most: number) => z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(most) });
const slackSchema = z.strictObject({
  text: z.string().min(1),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('header'), text: plain(150) }),
        z.strictObject({
          type: z.literal('section'),
          text: mrkdwn(3000).optional(),
          fields: z.array(mrkdwn(2000)).min(1).max(10).optional(),
        }),
        z.strictObject({
          type: z.literal('actions'),
          elements: z
            .array(z.strictObject({ type: z.literal('button'), text: plain(75), url: z.url().max(3000) }))
            .min(1)
            .max(25),
        }),
      ]),
    )
    .max(50),
});

/** developer.pagerduty.com, Events API v2, "Send an event": what a trigger must and may have. */
const pagerdutySchema = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: z.string().max(255),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
    client: z.string().optional(),
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
  }),
  z.strictObject({ routing_key: z.string().length(32), event_action: z.enum(['acknowledge', 'resolve']), dedup_key: z.string().max(255) }),
]);

/** github.com/standard-webhooks/standard-webhooks, spec: how a receiver checks a webhook, in ten lines. */
function verifyWebhook(secret: string, headers: Record<string, unknown>, body: string, nowSeconds: number): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const timestamp = Number(headers['webhook-timestamp']);
  if (Math.abs(nowSeconds - timestamp) > 300) return false;
  const wanted = createHmac('sha256', key).update(`${headers['webhook-id']}.${timestamp}.${body}`).digest('base64');
  return String(headers['webhook-signature']).split(' ').includes(`v1,${wanted}`);
}

const LIFE = [{}, { state: 'acknowledged', by: 'ana' }, { state: 'resolved', endsAt: Date.now() }] as const;

describe('what receivers get', () => {
  test('a webhook is signed as Standard Webhooks say, and a changed byte or an old one is told', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, `${url}/hook`);
    for (const state of LIFE) {
      await say(runtime, alertOf(state));
      const before = got.length;
      await until('the webhook', () => got.length > before || got.length >= LIFE.indexOf(state) + 1);
    }
    assert.deepEqual(
      got.map(({ body }) => JSON.parse(body).type),
      ['alert.firing', 'alert.acknowledged', 'alert.resolved'],
    );
    const [first] = got;
    assert.ok(first);
    const now = Math.floor(Date.now() / 1000);
    assert.equal(verifyWebhook(SECRET, first.headers, first.body, now), true);
    assert.equal(verifyWebhook(SECRET, first.headers, first.body.replace('edge-01', 'edge-02'), now), false);
    assert.equal(verifyWebhook(SECRET, first.headers, first.body, now + 301), false);
    assert.equal(JSON.parse(first.body).data.link, `${runtime.config.url}/incidents/in_1`);
    assert.equal(first.headers['idempotency-key'], first.headers['webhook-id']);
    assert.equal(new Set(got.map(({ headers }) => headers['webhook-id'])).size, 3);
  });

  test('Slack gets blocks within its limits, and nothing that a node’s name could make of them', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url, bodies } = await sink(t);
    await addChannel(runtime, { name: 'slack', target: { kind: 'slack' }, secret: `${url}/services/T0/B0/xyz` });
    const title = `<!channel> & ${'x'.repeat(4000)}`;
    await say(runtime, alertOf({ title, text: `<https://evil.example|click> ${'y'.repeat(4000)}` }));
    await until('the message', () => got.length === 1);
    const [message] = bodies().map((body) => slackSchema.parse(body));
    assert.ok(message && !message.text.includes('<!channel>'), message?.text.slice(0, 60));
    assert.equal(JSON.stringify(message).includes('<https://evil'), false);
  });

  test('PagerDuty gets trigger, acknowledge and resolve under one dedup_key, and a test that is resolved at once', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url, bodies } = await sink(t, (_, response) => response.writeHead(202).end('{"status":"success"}'));
    const id = await addChannel(runtime, { name: 'pd', target: { kind: 'pagerduty', url: `${url}/v2/enqueue` }, secret: 'a'.repeat(32) });
    for (const [i, state] of LIFE.entries()) {
      await say(runtime, alertOf(state));
      await until('the event', () => got.length > i);
    }
    const events = bodies().map((body) => pagerdutySchema.parse(body));
    assert.deepEqual(
      events.map((e) => [e.event_action, e.dedup_key]),
      ['trigger', 'acknowledge', 'resolve'].map((action) => [action, 'headroom:incident:in_1']),
    );
    const tested = await runtime.notify.test(id, 'ana');
    assert.equal(tested.ok, true, tested.sentence);
    assert.deepEqual(
      bodies()
        .slice(3)
        .map((e) => e.event_action),
      ['trigger', 'resolve'],
    );
  });
});
