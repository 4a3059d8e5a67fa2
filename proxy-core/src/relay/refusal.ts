import { type Protocol, REFUSALS, type Refusal } from '../contract/words.ts';

const ALERT = { decode_error: 50, access_denied: 49, internal_error: 80, unrecognized_name: 112 } as const;
/** Which alert and which HTTP status tell a client why; without an entry it gets a close. */
const ANSWERS: Partial<Record<Refusal, { alert?: number; http?: number }>> = {
  no_sni: { alert: ALERT.unrecognized_name },
  no_host: { http: 400 },
  sni_malformed: { alert: ALERT.decode_error },
  not_client_hello: { alert: ALERT.decode_error },
  hello_too_large: { alert: ALERT.decode_error },
  http_malformed: { http: 400 },
  http_too_large: { http: 431 },
  http_connect: { http: 400 },
  no_route: { alert: ALERT.unrecognized_name, http: 421 },
  allowlist: { alert: ALERT.access_denied, http: 403 },
  denied_destination: { alert: ALERT.access_denied, http: 403 },
  loop: { alert: ALERT.access_denied, http: 421 },
  name_limit: { alert: ALERT.internal_error, http: 502 },
  dns_failed: { alert: ALERT.internal_error, http: 502 },
  connect_refused: { alert: ALERT.internal_error, http: 502 },
  connect_timeout: { alert: ALERT.internal_error, http: 504 },
  connect_failed: { alert: ALERT.internal_error, http: 502 },
};
const PHRASES: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};
/** An empty SETTINGS frame and GOAWAY with HTTP_1_1_REQUIRED: what an HTTP/2 client without TLS understands. */
const USE_HTTP_1 = Buffer.from('000000040000000000' + '000008070000000000' + '000000000000000d', 'hex');

const cache = new Map<string, Buffer | null>();

/** The bytes that a refused client gets before its connection is closed; null = nothing. */
export function answerTo(protocol: Protocol, reason: Refusal): Buffer | null {
  const key = `${protocol === 'tls' ? 'tls' : protocol} ${reason}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = makeAnswer(protocol, reason);
  cache.set(key, made);
  return made;
}

function makeAnswer(protocol: Protocol, reason: Refusal): Buffer | null {
  if (reason === 'h2c_unsupported') return USE_HTTP_1;
  const answer = ANSWERS[reason];
  if (protocol === 'tls') return answer?.alert === undefined ? null : Buffer.from([21, 3, 1, 0, 2, 2, answer.alert]);
  if ((protocol !== 'http1.0' && protocol !== 'http1.1') || answer?.http === undefined) return null;
  const body = `${answer.http} ${PHRASES[answer.http]}: ${REFUSALS[reason]}\n`;
  const head = [
    `HTTP/1.1 ${answer.http} ${PHRASES[answer.http]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
