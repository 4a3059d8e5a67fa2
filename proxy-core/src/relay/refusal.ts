import { formatHostPort } from '../contract/addresses.ts';
import { type Protocol, REFUSALS, type Refusal } from '../contract/words.ts';
import { MAX_HEAD } from '../parse/http-head.ts';

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
  plain_http_on_tls: { http: 400 },
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
  const answer = ANSWERS[reason];
  if (protocol === 'tls') return answer?.alert === undefined ? null : Buffer.from([21, 3, 1, 0, 2, 2, answer.alert]);
  if (protocol === 'http2') return answer?.http === undefined ? null : h2Answer(answer.http, reason);
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

/**
 * For HTTP/1 where TLS was expected: the same host, path and method by https (308, RFC 9110 15.4.9). `head` is the request as it was judged, `port`
 * where it came in; who names no host cannot be sent anywhere.
 */
export function redirectToTls(name: string | null, head: Buffer, port: number): Buffer | null {
  if (name === null) return null;
  const target = /^(?:\r\n)*\S+ (?:https?:\/\/[^/?#]*)?(\S*) HTTP/i.exec(head.toString('latin1', 0, MAX_HEAD))?.[1] ?? '';
  const path = target.startsWith('/') ? target : target.startsWith('?') ? `/${target}` : '/';
  const host = port === 443 ? formatHost(name) : formatHostPort({ host: name, port });
  const body = `308 Permanent Redirect: ${REFUSALS.plain_http_on_tls}\n`;
  const lines = ['HTTP/1.1 308 Permanent Redirect', `Location: https://${host}${path}`, 'Content-Type: text/plain; charset=utf-8'];
  return Buffer.from(`${[...lines, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

const formatHost = (name: string): string => (name.includes(':') ? `[${name}]` : name);

const FRAME = { data: 0, headers: 1, settings: 4, goaway: 7 } as const;
const FLAG = { endStream: 1, endHeaders: 4 } as const;

/** SETTINGS, the answer on the stream that a client's first request has, and GOAWAY, which says that no other was looked at. */
function h2Answer(status: number, reason: Refusal): Buffer {
  // A literal field whose name is entry 8 of the static table, :status.
  const block = Buffer.concat([Buffer.from([0x08, 3]), Buffer.from(String(status), 'latin1')]);
  return Buffer.concat([
    h2Frame(FRAME.settings, 0, 0, Buffer.alloc(0)),
    h2Frame(FRAME.headers, FLAG.endHeaders, 1, block),
    h2Frame(FRAME.data, FLAG.endStream, 1, Buffer.from(`${status} ${PHRASES[status]}: ${REFUSALS[reason]}\n`, 'latin1')),
    h2Frame(FRAME.goaway, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])),
  ]);
}

function h2Frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}
