import { z } from 'zod';

/** [epoch seconds, value as text] */
const pointSchema = z.tuple([z.number(), z.string()]);
const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(pointSchema) })),
  }),
});
export type Series = z.infer<typeof answerSchema>['data']['result'][number];

const ANSWER_WITHIN_MS = 8000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The two questions of Prometheus' HTTP API that history is read with; VictoriaMetrics, Thanos and Mimir answer them too. */
export function createPrometheusClient(serverUrl: string) {
  const url = new URL(serverUrl);
  const headers: Record<string, string> = { 'user-agent': 'headroom' };
  if (url.username !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;

  async function ask(path: string, form: Record<string, string>): Promise<Series[]> {
    const response = await fetch(`${base}/api/v1/${path}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await bounded(response);
    if (!response.ok) throw new Error(`${base} answered with status ${response.status}: ${text.slice(0, 300)}`);
    return answerSchema.parse(JSON.parse(text)).data.result;
  }
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  return {
    /** Every stored sample of (fromMs, toMs], under its own time. */
    samples: (selector: string, fromMs: number, toMs: number) =>
      ask('query', { query: `${selector}[${Math.max(1, Math.ceil(toMs - fromMs))}ms]`, time: seconds(toMs) }),
    // `nocache`: VictoriaMetrics else moves the times to where its cache has them
    range: (query: string, fromMs: number, toMs: number, stepMs: number) =>
      ask('query_range', { query, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs), nocache: '1' }),
  };
}
export type PrometheusClient = ReturnType<typeof createPrometheusClient>;

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
