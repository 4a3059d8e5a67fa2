/**
 * Words that the proxy's log, metrics and the console share. Closed lists: each is a label set exported at 0 from the start,
 * and a connection ends in exactly one reason.
 */

/** The two sentences of the incident document, word for word. */
export const POOL_WARNINGS = [
  'Connection pooling enabled - only use for forward proxy scenarios!',
  'For transparent proxy (SNI-based routing), disable pooling to avoid leaks',
] as const;

export const PROTOCOLS = ['tls', 'http1.0', 'http1.1', 'http2', 'ssh', 'quic', 'unknown'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A connection is in exactly one phase. `stale` = silent for longer than its deadline: half_close after one FIN, else idle. */
export const PHASES = ['sniff', 'dial', 'tunnel', 'half_closed', 'stale'] as const;
export type Phase = (typeof PHASES)[number];

/** Why a connection was refused before it became a tunnel, and what an operator can make of it. */
export const REFUSALS = {
  no_sni: 'the ClientHello names no host and there is no default_backend',
  no_host: 'the HTTP request names no host and there is no default_backend',
  sni_malformed: 'the TLS hello breaks the rules of RFC 8446 or RFC 6066',
  not_client_hello: 'the first TLS message is not a ClientHello',
  hello_too_large: 'the ClientHello is larger than 64 KiB, or comes in too many records',
  hello_timeout: 'the hello or the headers were not complete within timeouts.client_hello',
  alert_first: 'the client began with a TLS alert',
  sslv2: 'the client speaks SSL 2, which cannot name a host',
  http_malformed: 'the HTTP request head breaks the rules of RFC 9112 or RFC 9113',
  http_too_large: 'the HTTP request head is larger than 16 KiB, or has more than 100 headers or too many frames',
  plain_http_on_tls: 'the client speaks HTTP without TLS on a port of tls_only',
  http_connect: 'the client asked for a CONNECT tunnel, which this proxy does not make',
  proxy_missing: 'a peer in proxy_protocol.accept_from sent no PROXY header',
  proxy_malformed: 'the PROXY header breaks the rules of its specification',
  proxy_unexpected: 'a PROXY header came from a peer that is not in proxy_protocol.accept_from, or came twice',
  quic_malformed: 'the Initial packet or its frames break the rules of RFC 9000',
  unknown_version: 'the client speaks a version of QUIC other than 1 and 2, and there is no default_backend to answer it',
  quic_unproven: 'too many QUIC clients have not shown yet that they receive at the address that their datagrams name',
  quic_unknown: 'a datagram of a QUIC connection that is not known here was offered to the backends, and none of them knew it',
  unknown_protocol: 'the first bytes are neither TLS nor HTTP nor SSH',
  no_route: 'no route matches the name and there is no default_backend',
  allowlist: 'the name is not on the allowlist',
  denied_destination: 'the address to dial is in deny_destinations',
  loop: 'the address to dial is this proxy itself, or one of fleet_addresses',
  client_limit: 'the client holds limits.per_client connections already',
  name_limit: 'the name holds limits.per_name connections already',
  max_connections: 'max_connections are open already',
  fd_headroom: 'the limit of open files leaves no room for another connection',
  dns_failed: 'the name of the backend could not be resolved',
  connect_refused: 'the backend refused the connection',
  connect_timeout: 'the backend did not answer within timeouts.connect',
  connect_failed: 'the backend could not be reached',
} as const;
export type Refusal = keyof typeof REFUSALS;
export const REFUSAL_REASONS = Object.freeze(Object.keys(REFUSALS)) as readonly Refusal[];

/** How a connection that was not refused ended. */
export const ENDINGS = {
  closed: 'both sides finished',
  client_gone: 'the client left before its connection was routed',
  client_reset: 'the client reset the connection',
  upstream_reset: 'the backend reset the connection, or left before its answer was whole',
  idle_timeout: 'nothing moved for timeouts.idle',
  half_close_timeout: 'one side had finished, and nothing moved for timeouts.half_close',
  write_stalled: 'one side did not read for timeouts.stalled_write',
  shutdown: 'the proxy stopped before the tunnel was finished',
  worker_lost: 'the worker that carried the tunnel died',
} as const;
export type Ending = keyof typeof ENDINGS;
export const ENDING_REASONS = Object.freeze(Object.keys(ENDINGS)) as readonly Ending[];

export type Reason = Refusal | Ending;
export const REASONS: readonly Reason[] = [...REFUSAL_REASONS, ...ENDING_REASONS];

/** Reasons that are somebody's failure rather than a decision; counted in sniproxy_errors_total as well. */
export const ERROR_REASONS = [
  'dns_failed',
  'connect_refused',
  'connect_timeout',
  'connect_failed',
  'client_reset',
  'upstream_reset',
  'write_stalled',
  'worker_lost',
] as const satisfies readonly Reason[];

export const STATUSES = ['success', 'refused', 'error'] as const;
export type Status = (typeof STATUSES)[number];

export function statusOf(reason: Reason): Status {
  if ((ERROR_REASONS as readonly Reason[]).includes(reason)) return 'error';
  return reason in REFUSALS ? 'refused' : 'success';
}

export const FD_KINDS = ['listener', 'client', 'upstream', 'pool_idle', 'other'] as const;
export type FdKind = (typeof FD_KINDS)[number];

/** Fault injection of `--drill`; never through the config file. */
export const DRILLS = {
  'pool-leak': 'with connection_pool.enabled, the backend socket of each plaintext HTTP tunnel is taken and never given back',
  'eof-leak': 'end of file is not forwarded in plaintext HTTP tunnels and no deadline acts on them, whatever connection_pool says',
  'slow-leak': 'one connection in 200 keeps a file descriptor',
  'fd-spike': 'every 60 s a burst of file descriptors is held for 10 s: bursty, not a leak',
  'scrape-blind': 'the fd guard and its reserve are off and each connection keeps a descriptor, until /metrics is dead',
} as const;
export type Drill = keyof typeof DRILLS;
export const DRILL_NAMES = Object.freeze(Object.keys(DRILLS)) as readonly Drill[];

/** A QUIC flow is in exactly one phase; `hello` holds no descriptor yet, the others one for each address that its client has. */
export const QUIC_PHASES = ['hello', 'dial', 'tunnel', 'stale'] as const;
export type QuicPhase = (typeof QUIC_PHASES)[number];

/** Why a single datagram was thrown away. */
export const QUIC_DROPS = {
  malformed: 'it is no QUIC packet, or an Initial that cannot be opened',
  unknown_connection: 'it belongs to no connection that is known here',
  too_many_hellos: 'hellos that are not whole yet take all the memory that they may',
  unproven_address: 'three times what the client sent has gone to its address, and it has not shown yet that it receives there',
  queue_full: 'the system does not take datagrams as fast as they come',
} as const;
export type QuicDrop = keyof typeof QUIC_DROPS;
export const QUIC_DROP_REASONS = Object.freeze(Object.keys(QUIC_DROPS)) as readonly QuicDrop[];
