import { z } from 'zod';
import { isHostName, isIp, parseCidr, parseHostPort, parseIpPort } from './addresses.ts';
import { compileNamePattern } from './name-pattern.ts';

/**
 * The one definition of config.yaml: parser, `-t`, `--print-config` and the console's lint come from it.
 * Keys of SNIProxy-rs are kept as they are; what has no effect here yet is listed in NO_EFFECT and warned about by name.
 * Every message completes the sentence "<key> …".
 */

const MAX_SECONDS = 31_536_000;
const seconds = (example: number) =>
  z
    .number({ error: `must be a number of seconds, like ${example}` })
    .gt(0, { error: `must be more than 0 seconds, like ${example}` })
    .lte(MAX_SECONDS, { error: `must be at most ${MAX_SECONDS} seconds, like ${example}` });
const secondsOrZero = (example: number) =>
  z
    .number({ error: `must be a number of seconds, like ${example}` })
    .gte(0, { error: `must not be negative; write a number of seconds, like ${example}` })
    .lte(MAX_SECONDS, { error: `must be at most ${MAX_SECONDS} seconds, like ${example}` });
const count = (least: number, example: number) =>
  z
    .number({ error: `must be a whole number, like ${example}` })
    .refine(Number.isSafeInteger, { error: `must be a whole number, like ${example}` })
    .gte(least, { error: `must be at least ${least}, like ${example}` });
const flag = z.boolean({ error: 'must be true or false' });
const text = (example: string) => z.string({ error: `must be text, like ${example}` });
const section = <S extends z.ZodRawShape>(shape: S) => z.object(shape, { error: 'must be a map of keys, one per line and indented' });
const list = <S extends z.ZodType>(item: S, example: string) => z.array(item, { error: `must be a list, like ${example}` });

const listenAddress = text('"0.0.0.0:443"').refine((value) => parseIpPort(value) !== null, {
  error: 'must be "IP:port", like "0.0.0.0:443" or "[::]:443"; a host name cannot be listened on',
});
const backend = text('"10.0.0.5:443"').refine((value) => parseHostPort(value) !== null, {
  error: 'must be "host:port", like "10.0.0.5:443", "[2001:db8::5]:443" or "app.internal:8080"',
});
const port = count(1, 22).lte(65_535, { error: 'must be a port from 1 to 65535, like 22' });

/** Same words as in `allowlist`, by which a name is allowed. */
const pattern = text('"*.example.com"').refine((value) => value === '*' || /^\*?\.?[A-Za-z0-9._-]+$/.test(value), {
  error:
    'must be a name, "*.name" for the name and all below it, or "*" for every name, like "*.example.com"; without port, path or spaces',
});

const routeMatch = text('app.example.com').superRefine((value, context) => {
  if (value.length > 2 && value.startsWith('/') && value.endsWith('/')) {
    try {
      compileNamePattern(value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `must be a regular expression in RE2 syntax (no lookaround, no back-references), like "/r[0-9]+[.]example[.]com/" (${why})`;
      context.addIssue({ code: 'custom', message });
    }
    return;
  }
  const name = value.startsWith('*.') ? value.slice(2) : value;
  if (!isHostName(name) && !isIp(value))
    context.addIssue({
      code: 'custom',
      message: 'must be a name like app.example.com, "*.example.com" for all below it, or "/regular expression/" for the whole name',
    });
});

const route = section({
  match: routeMatch,
  backends: list(backend, '["10.0.0.5:443"]').min(1, { error: 'must name at least one backend, like ["10.0.0.5:443"]' }).optional(),
  dial: z.literal('requested', { error: 'must be "requested" (resolve and dial the asked name), or be left out' }).optional(),
  alpn: list(text('acme-tls/1').min(1, { error: 'must not be empty, like acme-tls/1' }), '[acme-tls/1]')
    .min(1, { error: 'must name at least one protocol, like [acme-tls/1]' })
    .optional()
    .describe('only for TLS clients that offer one of these protocols; acme-tls/1 has to be the only one (RFC 8737)'),
  send_proxy: z.enum(['v1', 'v2'], { error: 'must be v1 or v2' }).optional(),
}).superRefine((value, context) => {
  if ((value.backends === undefined) === (value.dial === undefined))
    context.addIssue({ code: 'custom', message: 'must have either backends, like ["10.0.0.5:443"], or dial: requested' });
});

const denied = text('"10.0.0.0/8"').refine((value) => value === 'default' || parseCidr(value) !== null, {
  error: 'must be "default" (all that is not public), an address, or a network like "10.0.0.0/8"',
});
const network = text('"10.0.0.0/8"').refine((value) => parseCidr(value) !== null, {
  error: 'must be an address or a network, like "10.0.0.0/8"',
});
const address = text('"203.0.113.7"').refine(isIp, { error: 'must be an IP address, like "203.0.113.7"' });

const timeouts = section({
  connect: seconds(10).default(10).describe('to reach a backend, resolving its name and all its addresses included'),
  client_hello: seconds(10).default(10).describe('for the whole first flight: TLS hello or HTTP headers'),
  idle: seconds(300).default(300).describe('without a byte in either direction'),
  half_close: seconds(30).default(30).describe('without a byte after one side has finished'),
  stalled_write: seconds(300).optional().describe('without progress of a write; default: idle'),
});

const connectionPool = section({
  enabled: flag.default(true),
  max_per_host: count(0, 100).default(100),
  connection_ttl: secondsOrZero(60).default(60),
  idle_timeout: secondsOrZero(30).default(30),
  cleanup_interval: secondsOrZero(10).default(10),
});

const sshRoute = section({
  listen_port: port,
  destination_host: text('10.0.0.7').refine((value) => isIp(value) || isHostName(value), {
    error: 'must be a host name or an IP address, like 10.0.0.7',
  }),
  destination_port: port.default(22),
});

const protocolSection = (shape: z.ZodRawShape) => section(shape).optional();

export const configSchema = section({
  listen_addrs: list(listenAddress, '["0.0.0.0:443"]')
    .min(1, { error: 'must name at least one address, like ["0.0.0.0:80", "0.0.0.0:443"]' })
    .describe('where clients connect'),
  timeouts: timeouts.prefault({}),
  metrics: section({
    enabled: flag.default(true),
    address: listenAddress.default('127.0.0.1:9090'),
  }).prefault({}),
  max_connections: count(1, 10_000).optional().describe('default: what the limit of open files carries, 10000 at most'),
  shutdown_timeout: secondsOrZero(30).default(30),
  connection_pool: connectionPool.nullish(),
  allowlist: list(pattern, '["*.example.com"]').nullish(),
  ssh_routes: list(sshRoute, '[{ listen_port: 22, destination_host: 10.0.0.7 }]').nullish(),

  routes: list(route, '[{ match: app.example.com, backends: ["10.0.0.5:443"] }]').nullish(),
  default_backend: backend.nullish(),
  deny_destinations: list(denied, '[default]').default(['default']),
  fleet_addresses: list(address, '["203.0.113.7"]').nullish(),
  limits: section({
    per_client: count(1, 200)
      .optional()
      .describe('connections at a time from one IPv4 address or IPv6 /64; those of QUIC count by themselves'),
    per_name: count(1, 1000).optional().describe('connections at a time to one name; those of QUIC count by themselves'),
  }).nullish(),
  resolver: section({
    family: z
      .enum(['any', 'ipv4', 'ipv6', 'prefer_ipv4', 'prefer_ipv6'], { error: 'must be any, ipv4, ipv6, prefer_ipv4 or prefer_ipv6' })
      .default('any')
      .describe('ipv4 and ipv6 dial that family alone; the others dial both'),
    servers: list(
      text('"10.0.0.53"').refine((value) => isIp(value) || parseIpPort(value) !== null, {
        error: 'must be "IP" or "IP:port", like "10.0.0.53"',
      }),
      '["10.0.0.53"]',
    )
      .min(1, { error: 'must name at least one DNS server, like ["10.0.0.53"]' })
      .nullish()
      .describe('default: those of /etc/resolv.conf'),
    cache_seconds: secondsOrZero(30).default(30).describe('an answer is kept so long at most; its own TTL may be shorter'),
    negative_cache_seconds: secondsOrZero(5).default(5).describe('that there is no address is kept so long'),
    happy_eyeballs: flag.default(true).describe('the next address of a name is dialled beside one that is slow (RFC 8305)'),
    budget: seconds(5).default(5).describe('for one lookup; timeouts.connect covers it too'),
  }).nullish(),
  log: section({
    level: z.enum(['error', 'warn', 'info', 'debug'], { error: 'must be error, warn, info or debug' }).default('info'),
    format: z.enum(['json', 'text'], { error: 'must be json or text' }).default('json'),
    access: flag.default(true).describe('one line per connection'),
  }).prefault({}),

  tls_only: section({
    ports: list(port, '[443]').min(1, { error: 'must name at least one port, like [443]' }),
    http: z
      .enum(['refuse', 'redirect'], { error: 'must be refuse (status 400) or redirect (to https:// of the same host and path)' })
      .default('refuse'),
  })
    .nullish()
    .describe('ports on which HTTP without TLS is not routed'),
  proxy_protocol: section({
    accept_from: list(network, '["10.0.0.0/8"]').optional().describe('peers that must send a PROXY header, and are believed'),
    send: z.enum(['v1', 'v2'], { error: 'must be v1 or v2' }).optional(),
  }).nullish(),
  workers: count(1, 2)
    .lte(64, { error: 'must be at most 64, like 2: one for each processor core' })
    .optional()
    .describe('processes that share the listeners; they divide max_connections and limits among them'),
  udp_listen_addrs: list(listenAddress, '["0.0.0.0:443"]').nullish().describe('where QUIC clients send to'),
  quic_config: section({
    enabled: flag.optional().describe('false: udp_listen_addrs are not listened on'),
    max_concurrent_streams: count(0, 100).optional(),
    max_idle_timeout: secondsOrZero(60).optional().describe('without a datagram in either direction; default: timeouts.idle'),
    max_flows: count(1, 10_000)
      .optional()
      .describe('QUIC connections at a time; default: max_connections, and half of the open files at most'),
    keep_alive_interval: secondsOrZero(15).optional(),
    max_datagram_size: count(0, 1350).optional(),
    enable_0rtt: flag.optional(),
  }).nullish(),
  http3_config: section({
    enabled: flag.optional(),
    max_field_section_size: count(0, 8192).optional(),
    qpack_max_table_capacity: count(0, 4096).optional(),
    qpack_blocked_streams: count(0, 16).optional(),
  }).nullish(),
  protocol_routing: section({
    socketio: protocolSection({
      enabled: flag.optional(),
      extract_from_path: flag.optional(),
      polling_timeout: secondsOrZero(30).optional(),
    }),
    jsonrpc: protocolSection({ enabled: flag.optional(), validate_batch: flag.optional(), max_batch_size: count(0, 100).optional() }),
    xmlrpc: protocolSection({ enabled: flag.optional(), validate_xml: flag.optional() }),
    soap: protocolSection({ enabled: flag.optional(), extract_from_action: flag.optional(), validate_wsdl: flag.optional() }),
    rpc: protocolSection({ enabled: flag.optional(), detect_from_path: flag.optional() }),
  }).nullish(),
});

export type Config = z.output<typeof configSchema>;

const QUIC_BETWEEN = 'QUIC goes through unopened, so client and backend settle this between them';
/** Keys that are accepted and do nothing, and why: SNIProxy-rs reads none of them either. */
export const NO_EFFECT = {
  'quic_config.max_concurrent_streams': QUIC_BETWEEN,
  'quic_config.keep_alive_interval': QUIC_BETWEEN,
  'quic_config.max_datagram_size': QUIC_BETWEEN,
  'quic_config.enable_0rtt': QUIC_BETWEEN,
  http3_config: 'HTTP/3 goes through unopened, routed by the name in its hello; quic_config.enabled: false switches it off',
  protocol_routing: 'a connection goes where its name leads, whatever it carries; write routes for names that should go elsewhere',
} as const;
