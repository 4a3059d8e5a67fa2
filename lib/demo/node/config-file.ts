import type { NodePlan } from './plan.ts';

/** Names that clients ask for, and which backend answers them. */
export const HOSTS = { app: 'app.example.test', api: 'api.example.test', web: 'www.example.test', live: 'live.example.test' } as const;
export type BackendPorts = { tls: number; http: number };

/** A node's config.yaml as an operator keeps one: sections, notes, uneven spacing. The console's edits must leave all of that alone. */
export function configFile(node: Pick<NodePlan, 'name' | 'ports'>, backends: BackendPorts): string {
  const tls = `"127.0.0.1:${backends.tls}"`;
  const http = `"127.0.0.1:${backends.http}"`;
  return `# sniproxy on ${node.name}
# Owner: edge team. Ask in the edge channel before changing this file, then:
#   systemctl restart sniproxy

# --- listeners -------------------------------------------------------------
listen_addrs:
  - "127.0.0.1:${node.ports.tls}"     # TLS, routed by SNI
  - "127.0.0.1:${node.ports.http}"     # plain HTTP, routed by Host

# --- deadlines, seconds ----------------------------------------------------
timeouts:
  connect: 5
  client_hello:  10
  idle: 300          # the live feed is quiet for minutes
  half_close: 5

max_connections: 3500
shutdown_timeout: 5   # a restart cuts what is still open after this

# --- metrics: loopback only ------------------------------------------------
metrics:
  enabled: true
  address: "127.0.0.1:${node.ports.metrics}"

# --- upstream connection pool ----------------------------------------------
# Switched on with the spring rollout to spare the origins some handshakes.
connection_pool:
  enabled: true   # reuse upstream connections
  max_per_host: 1000
  connection_ttl: 300
  idle_timeout:   20
  cleanup_interval: 10

# --- routes: first match wins ----------------------------------------------
routes:
  - match: "${HOSTS.app}"
    backends: [${tls}]
  - match: "${HOSTS.api}"
    backends: [${tls}]
  - match: "${HOSTS.web}"
    backends: [${http}]
  # the live feed comes both ways: browsers by TLS, old set-top boxes in the clear
  - match: "${HOSTS.live}"
    backends: [${http}]
  - match: "wss.${HOSTS.live}"
    backends: [${tls}]
`;
}
