import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { embeddedIpv4, isDenied } from '#server/kernel/denied-address.ts';

/** Where a channel may lead, and whose certificates it believes. */
export type Reach = { allowPrivate: boolean; caCertificate: string };

/** Longest that a receiver may take, and most of its answer that is read. */
export const SEND_MS = 10_000;
const MOST_BYTES = 16 * 1024;

/** Why a receiver did not take it. `again`: it may take the same later, not before `afterMs`. */
export class SendFailure extends Error {
  readonly again: boolean;
  readonly afterMs: number;
  constructor(message: string, options: { again: boolean; afterMs?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.again = options.again;
    this.afterMs = options.afterMs ?? 0;
  }
}

/** This machine and networks that nobody routes: RFC 1918, 4193, 6598, 2544, loopback. */
const PRIVATE = new net.BlockList();
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
] as const)
  PRIVATE.addSubnet(address, bits, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');

export function isPrivate(address: string): boolean {
  const plain = address.split('%')[0] ?? '';
  if (net.isIPv4(plain)) return PRIVATE.check(plain, 'ipv4');
  const inner = embeddedIpv4(plain);
  return PRIVATE.check(plain, 'ipv6') || (inner !== null && PRIVATE.check(inner, 'ipv4'));
}

/** Why an address that a name leads to is not asked; null when it is. `clear`: what is said could be read on the way. */
export function refusedAddress(host: string, address: string, options: { allowPrivate: boolean; clear: boolean }): string | null {
  if (isDenied(address)) return `${host} leads to ${address}, where metadata services live and no receiver of messages: it is never asked`;
  if (isPrivate(address))
    return options.allowPrivate
      ? null
      : `${host} leads to the private address ${address}, and this channel may not go there: an admin can allow it`;
  return options.clear ? `${host} leads to ${address}, which is not a private address: that needs TLS` : null;
}

/** Every address of a host, each of them looked at. A name that answers differently a moment later leads nowhere else, for these are dialled. */
export async function addressesOf(host: string, options: { allowPrivate: boolean; clear: boolean }): Promise<string[]> {
  const plain = host.replace(/^\[|\]$/g, '');
  const addresses = net.isIP(plain) ? [plain] : (await lookup(plain, { all: true })).map((one) => one.address);
  for (const address of addresses) {
    const why = refusedAddress(host, address, options);
    if (why !== null) throw new SendFailure(why, { again: false });
  }
  return addresses;
}

export type HttpAnswer = { status: number; body: string; retryAfterMs: number };

/** One POST of JSON to an address that was looked at. Redirects are answers like any other; the whole of it takes 10 s at most. */
export async function post(
  address: string,
  body: string,
  headers: Record<string, string>,
  reach: Reach,
  signal?: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL(address);
  const clear = url.protocol === 'http:';
  const timeout = AbortSignal.timeout(SEND_MS);
  const within = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const addresses = await raceSignal(addressesOf(url.hostname, { allowPrivate: reach.allowPrivate, clear }), within);
    return await request(url, addresses, body, headers, reach, within);
  } catch (error) {
    if (error instanceof SendFailure) throw error;
    throw new SendFailure(timeout.aborted ? `${url.host} gave no answer within ${SEND_MS / 1000} s` : inWords(error, url.host), {
      again: true,
      cause: error,
    });
  }
}

function request(
  url: URL,
  addresses: string[],
  body: string,
  headers: Record<string, string>,
  reach: Reach,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    // the status says whether it was taken: whatever becomes of the body, nothing is said twice for it
    let heard: (() => void) | null = null;
    const looked: net.LookupFunction = (_name, options, done) => {
      const found = addresses.map((one) => ({ address: one, family: net.isIPv6(one) ? 6 : 4 }));
      const [first] = found;
      if (options.all) done(null, found);
      else done(null, first?.address ?? '', first?.family ?? 4);
    };
    const asked = (url.protocol === 'http:' ? http : https).request(
      url,
      {
        method: 'POST',
        agent: false,
        signal,
        lookup: looked,
        headers: { 'user-agent': 'Headroom', 'content-type': 'application/json', ...headers, 'content-length': Buffer.byteLength(body) },
        ...(reach.caCertificate !== '' && { ca: reach.caCertificate }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        heard = () => {
          answer.destroy();
          resolve({
            status: answer.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8').slice(0, MOST_BYTES),
            retryAfterMs: retryAfter(answer.headers['retry-after']),
          });
        };
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST_BYTES) heard?.();
        });
        answer.on('end', heard);
        answer.on('error', heard);
      },
    );
    const gone = (error: Error) => (heard ? heard() : reject(error));
    asked.on('error', gone);
    asked.on('close', () => heard ?? reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    asked.end(body);
  });
}

/** `work`, or the signal's reason once it is aborted. */
export function raceSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const gone = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  return Promise.race([work, gone]);
}

/** RFC 9110 section 10.2.3: seconds or a date; an hour at most is believed. */
export function retryAfter(header: string | undefined, now: number = Date.now()): number {
  if (header === undefined) return 0;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : 0;
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'closed the connection without an answer',
  EPIPE: 'closed the connection without an answer',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ENOTFOUND: 'has no address: the name does not resolve',
  EAI_AGAIN: 'has no address now: the name server does not answer',
};

/** Without what was sent and without the path, which may be the secret. */
export function inWords(error: unknown, host: string): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : '';
  const words = WORDS[code];
  if (words !== undefined) return `${host} ${words}`;
  if (code.startsWith('HPE_')) return `${host} does not speak HTTP as it should (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return `${host} does not speak TLS as it should (${code})`;
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return `${host} has a certificate that is not believed (${code})`;
  return `${host} could not be asked (${code || (first instanceof Error ? first.name : 'unknown')})`;
}

/** What an answer means: 2xx is taken; what may pass is tried again; the rest will not get better by itself. */
export function assertTaken(host: string, { status, body, retryAfterMs }: HttpAnswer): void {
  if (status >= 200 && status < 300) return;
  const said = body.replace(/\s+/g, ' ').trim().slice(0, 200);
  const words = `${host} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 300 && status < 400)
    throw new SendFailure(`${words}; a redirect is not followed, give the address that it leads to`, { again: false });
  throw new SendFailure(words, { again: status >= 500 || [408, 425, 429].includes(status), afterMs: retryAfterMs });
}
