-- A database as Headroom 0.1.0 wrote it at schema 0009: every table has rows. Its key is bytes (i * 37 + 11) mod 256, i = 0 … 31.
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE migrations (name TEXT PRIMARY KEY, appliedAt INTEGER NOT NULL) STRICT;
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, host TEXT NOT NULL, sshPort INTEGER NOT NULL, user TEXT NOT NULL, unit TEXT NOT NULL,
  configPath TEXT NOT NULL, metrics TEXT NOT NULL, labels TEXT NOT NULL, version INTEGER NOT NULL, createdAt INTEGER NOT NULL
, transport TEXT NOT NULL DEFAULT 'ssh2' CHECK (transport IN ('ssh2', 'openssh')), proxyJump TEXT, proxyJumpKey TEXT) STRICT;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actorKind TEXT NOT NULL, actorId TEXT NOT NULL, actorName TEXT NOT NULL,
  action TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL CHECK (result IN ('ok', 'refused', 'failed')),
  before TEXT, after TEXT, prev TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE secrets (key TEXT PRIMARY KEY, sealed TEXT NOT NULL, updatedAt INTEGER NOT NULL) STRICT;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, updatedAt INTEGER NOT NULL) STRICT;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, lastUsedAt INTEGER
) STRICT;
CREATE TABLE idempotency (
  actorId TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, answer TEXT, at INTEGER NOT NULL, PRIMARY KEY (actorId, key)
) STRICT;
CREATE TABLE signInFailures (key TEXT PRIMARY KEY, count INTEGER NOT NULL, lastAt INTEGER NOT NULL, lockedUntil INTEGER NOT NULL) STRICT;
CREATE TABLE user (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, emailVerified INTEGER NOT NULL, image TEXT,
  role TEXT NOT NULL DEFAULT 'viewer', createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE TABLE session (
  id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, expiresAt TEXT NOT NULL,
  ipAddress TEXT, userAgent TEXT, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE TABLE account (
  id TEXT PRIMARY KEY, accountId TEXT NOT NULL, providerId TEXT NOT NULL, userId TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  accessToken TEXT, refreshToken TEXT, idToken TEXT, accessTokenExpiresAt TEXT, refreshTokenExpiresAt TEXT, scope TEXT, password TEXT,
  createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE TABLE verification (
  id TEXT PRIMARY KEY, identifier TEXT NOT NULL, value TEXT NOT NULL, expiresAt TEXT NOT NULL, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
) STRICT;
CREATE TABLE hostKeys (
  nodeId TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
  pinned TEXT, pinnedAt INTEGER, pinnedBy TEXT, reason TEXT, offered TEXT, offeredAt INTEGER, blocked INTEGER NOT NULL CHECK (blocked IN (0, 1))
, pinnedKey TEXT, offeredKey TEXT) STRICT;
CREATE TABLE agreedConfigs (
  nodeId TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE, sha256 TEXT NOT NULL, agreedAt INTEGER NOT NULL
) STRICT;
CREATE TABLE runs (
  id TEXT PRIMARY KEY, runbookKey TEXT NOT NULL, runbookVersion TEXT NOT NULL, runbookTitle TEXT NOT NULL, runbookText TEXT NOT NULL,
  selector TEXT NOT NULL, strategy TEXT NOT NULL, params TEXT NOT NULL, dryRun INTEGER NOT NULL, mutates INTEGER NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, startedBy TEXT NOT NULL, createdAt INTEGER NOT NULL, finishedAt INTEGER,
  control TEXT, controlBy TEXT, acceptedFailures INTEGER NOT NULL, leaseOwner TEXT, leaseUntil INTEGER
, startedById TEXT NOT NULL DEFAULT '', approveBy INTEGER, approvedBy TEXT, approvedAt INTEGER, override TEXT) STRICT;
CREATE TABLE runTargets (
  runId TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, nodeId TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
  batch INTEGER NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, judgement TEXT,
  wayBack TEXT NOT NULL, revertAt INTEGER, grantedAt INTEGER, edit TEXT NOT NULL, restart TEXT NOT NULL, undo TEXT, memo TEXT NOT NULL,
  startedAt INTEGER, finishedAt INTEGER, PRIMARY KEY (runId, nodeId)
) STRICT;
CREATE TABLE runSteps (
  runId TEXT NOT NULL, nodeId TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, startedAt INTEGER, finishedAt INTEGER, output TEXT NOT NULL, gate TEXT,
  accepted INTEGER NOT NULL, byHand TEXT, PRIMARY KEY (runId, nodeId, key),
  FOREIGN KEY (runId, nodeId) REFERENCES runTargets (runId, nodeId) ON DELETE CASCADE
) STRICT;
CREATE TABLE runEvidence (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, runId TEXT NOT NULL, nodeId TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
  title TEXT NOT NULL, command TEXT, exitCode INTEGER, raw TEXT NOT NULL, sha256 TEXT NOT NULL, value TEXT, threshold TEXT, verdict TEXT,
  FOREIGN KEY (runId, nodeId) REFERENCES runTargets (runId, nodeId) ON DELETE CASCADE
) STRICT;
CREATE TABLE runLocks (nodeId TEXT PRIMARY KEY, runId TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE) STRICT;
CREATE TABLE xrayLooks (
  id TEXT PRIMARY KEY, nodeId TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, at INTEGER NOT NULL, look TEXT NOT NULL, seen TEXT NOT NULL
) STRICT;
CREATE TABLE changeRules (id TEXT PRIMARY KEY, rule TEXT NOT NULL, createdBy TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT;
CREATE TABLE runbookVersions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, version TEXT NOT NULL, text TEXT, savedBy TEXT NOT NULL, savedAt INTEGER NOT NULL
) STRICT;
CREATE TABLE nodeMarks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, nodeId TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, kind TEXT NOT NULL,
  fromMs INTEGER NOT NULL, toMs INTEGER, value TEXT NOT NULL, earlier TEXT
) STRICT;
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0001-core', 1795569299152);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0002-ssh', 1795569299152);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0003-runs', 1795569299152);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0004-transports', 1795569299153);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0005-xray', 1795569299153);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0006-change-rules', 1795569299154);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0007-runbooks', 1795569299154);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0008-by-hand', 1795569299155);
INSERT INTO "migrations" ("name", "appliedAt") VALUES ('0009-node-marks', 1795569299155);
INSERT INTO "nodes" ("id", "name", "host", "sshPort", "user", "unit", "configPath", "metrics", "labels", "version", "createdAt", "transport", "proxyJump", "proxyJumpKey") VALUES ('n_1m884ac15tfmp5jg9a4', 'edge-01', '10.0.0.1', 22, 'sre', 'sniproxy', '/etc/sniproxy/config.yaml', '{"via":"ssh","url":"http://127.0.0.1:9090/metrics"}', '{"group":"edge","site":"fra"}', 1, 1795569299493, 'ssh2', NULL, NULL);
INSERT INTO "nodes" ("id", "name", "host", "sshPort", "user", "unit", "configPath", "metrics", "labels", "version", "createdAt", "transport", "proxyJump", "proxyJumpKey") VALUES ('n_1m884ac1b12qbabttct', 'edge-02', '10.0.0.2', 22, 'sre', 'sniproxy', '/etc/sniproxy/config.yaml', '{"via":"ssh","url":"http://127.0.0.1:9090/metrics"}', '{}', 1, 1795569299499, 'openssh', 'sre@bastion.example:22', 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (1, 1795569299488, 'system', 'system', 'the console', 'user.first-admin', 'user:u_1m884ac0y3aggv5gq4k', 'ok', NULL, '{"from":"HEADROOM_ADMIN_EMAIL"}', '', 'c144e5ee2edb8f5759092776f48c0954b846ed01ebd3c47c6fa3c7c32be9f487');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (2, 1795569299495, 'user', 'u_1', 'sre-oncall', 'node.add', 'node:n_1m884ac15tfmp5jg9a4', 'ok', NULL, '{"name":"edge-01","host":"10.0.0.1","sshPort":22,"user":"sre","unit":"sniproxy","configPath":"/etc/sniproxy/config.yaml","transport":"ssh2","proxyJump":null,"proxyJumpKey":null,"id":"n_1m884ac15tfmp5jg9a4","version":1,"metrics":{"via":"ssh","url":"http://127.0.0.1:9090/metrics"},"labels":{"group":"edge","site":"fra"},"createdAt":"2026-11-25T01:14:59.493Z"}', 'c144e5ee2edb8f5759092776f48c0954b846ed01ebd3c47c6fa3c7c32be9f487', 'b134e3c7249a3c4c22ab29f462bceba5162b05956319f753e26c2b2ae8ab08ec');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (3, 1795569299499, 'user', 'u_1', 'sre-oncall', 'node.add', 'node:n_1m884ac1b12qbabttct', 'ok', NULL, '{"name":"edge-02","host":"10.0.0.2","sshPort":22,"user":"sre","unit":"sniproxy","configPath":"/etc/sniproxy/config.yaml","transport":"openssh","proxyJump":"sre@bastion.example:22","proxyJumpKey":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","id":"n_1m884ac1b12qbabttct","version":1,"metrics":{"via":"ssh","url":"http://127.0.0.1:9090/metrics"},"labels":{},"createdAt":"2026-11-25T01:14:59.499Z"}', 'b134e3c7249a3c4c22ab29f462bceba5162b05956319f753e26c2b2ae8ab08ec', '430b3be24e6a580ec1219e1d1c1df71236a27d6fbda625164ba437292ec0a844');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (4, 1795569299503, 'user', 'u_1', 'sre-oncall', 'token.create', 'token:t_1m884ac1empg239erea', 'ok', NULL, '{"id":"t_1m884ac1empg239erea","name":"ci","role":"operator","prefix":"hr_hIqsK","createdAt":"2026-11-25T01:14:59.502Z","expiresAt":"2027-02-23T01:14:59.502Z","lastUsedAt":null}', '430b3be24e6a580ec1219e1d1c1df71236a27d6fbda625164ba437292ec0a844', '9daacf870ddc678ef5e322ab632161d260af42b8aefbe9da9832a60b44cba14c');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (5, 1795569299626, 'user', 'u_1m884ac0y3aggv5gq4k', 'ada@example.com', 'session.sign-in', 'user:u_1m884ac0y3aggv5gq4k', 'ok', NULL, '{"remote":"127.0.0.1"}', '9daacf870ddc678ef5e322ab632161d260af42b8aefbe9da9832a60b44cba14c', 'a6ced14e7022ec33f96ff29f085c397a5bcd31a1696e2f2e9541f06af3bfd78a');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (6, 1795569299712, 'system', 'system', 'nobody signed in', 'session.sign-in', '-', 'failed', NULL, '{"email":"ada@example.com","remote":"127.0.0.1"}', 'a6ced14e7022ec33f96ff29f085c397a5bcd31a1696e2f2e9541f06af3bfd78a', '2f60ccf66ce94b40ff4fd4ac733cd1cc8152cd192e4a40cb445e11b9fe2267ea');
INSERT INTO "audit" ("seq", "at", "actorKind", "actorId", "actorName", "action", "object", "result", "before", "after", "prev", "hash") VALUES (7, 1795569299715, 'user', 'u_1', 'sre-oncall', 'rule.add', 'rule:cr_1m884ac82kadbefqxze', 'ok', NULL, '{"kind":"approval","selector":"group=edge","reason":"a second person"}', '2f60ccf66ce94b40ff4fd4ac733cd1cc8152cd192e4a40cb445e11b9fe2267ea', '9a47fa3eacffb01f69010e508e96950023e8570d479887ce6fb21ba1f7acaaa1');
INSERT INTO "secrets" ("key", "sealed", "updatedAt") VALUES ('ssh.private-key', 'v1.83b7a8ed.LFD858vI-j_2VP5m.B6muA6pyiQboLqh2OcU_Kg.SiuKorkKQYlryHxf-FGYYFyW2uEUJSpM9I-lB3elivKBrs_J6aqj72p9JQ_CepP2MKCOFmMJEvrQ3hvkeXH_zvUXKU2fOIVfdovB-fOJksyPrP0B3qk1qqKdKX6gMibfq_APi9YsvYm-_81XVbq58E9h4nyN0NC0bhbTz0ivi_uPdiX4PNxM-fwyc68uy6gcCTyrqU55rJrhRhjGN7XeLc7qn8eh2YOp1xN5L4HzJScc-a0uH8YO7U6CMA5VqbG9d33Z8INhbWZbhCvYIWy4QmxSf1DUJtJcuVskkH1n_JHVC7PjZVwDseNtSQbmdjm0UFuTFvYEZQGK2wrsJd7r9ZLQdhwmfvrNb1QJ-yEINipIEJ4Y0ap38yAYGe98NO_G2mYP5vH0jdp2XisktEzYa6L8sU3x6ThYmKcDu7CubAb5mBZu3OKOuuOsaARW-qSUavfrHRlP4okiC5b2P_0bnF2KNvZo2fug3E9lFCMHpW1Zrup8iZAlOh6vGKMFTmTrHRE5JvJd4lQW8ZSW2-_6', 1795569299402);
INSERT INTO "secrets" ("key", "sealed", "updatedAt") VALUES ('ssh.public-key', 'v1.83b7a8ed.4nEICq-lFpS_97yL.SAQNwJrmfPbyo0iJO0Hgng.NmqNEzx3MFXROJnQbbknxcO8LgKxXmkFz0WNkVzXzA1MH4JAtHFC_RBSfT65NGWhYkt6kV8ihGLsYnCn3NyyF4uJeFOave0VUA7qaG9ufKlKwnrWo3U9JgI', 1795569299403);
INSERT INTO "settings" ("key", "value", "updatedAt") VALUES ('example', '{}', 1795569300089);
INSERT INTO "tokens" ("id", "name", "role", "sha256", "prefix", "createdAt", "expiresAt", "lastUsedAt") VALUES ('t_1m884ac1empg239erea', 'ci', 'operator', 'c43834bf2b4051972e57c467a8a6d385fe2075115c01950b26cc00049cd755b5', 'hr_hIqsK', 1795569299502, 1803345299502, NULL);
INSERT INTO "idempotency" ("actorId", "key", "sha256", "answer", "at") VALUES ('u_1', 'add-edge-01', '1f9c545c8cd36d1b7004626ed744bca50c14f66a085fdbcef6d6fd8d6afe1f61', '{"name":"edge-01","host":"10.0.0.1","sshPort":22,"user":"sre","unit":"sniproxy","configPath":"/etc/sniproxy/config.yaml","transport":"ssh2","proxyJump":null,"proxyJumpKey":null,"id":"n_1m884ac15tfmp5jg9a4","version":1,"metrics":{"via":"ssh","url":"http://127.0.0.1:9090/metrics"},"labels":{"group":"edge","site":"fra"},"createdAt":"2026-11-25T01:14:59.493Z"}', 1795569299496);
INSERT INTO "signInFailures" ("key", "count", "lastAt", "lockedUntil") VALUES ('pair:ada@example.com|127.0.0.1', 1, 1795569299709, 1795569299709);
INSERT INTO "signInFailures" ("key", "count", "lastAt", "lockedUntil") VALUES ('email:ada@example.com', 1, 1795569299709, 1795569299709);
INSERT INTO "signInFailures" ("key", "count", "lastAt", "lockedUntil") VALUES ('remote:127.0.0.1', 1, 1795569299709, 1795569299709);
INSERT INTO "user" ("id", "name", "email", "emailVerified", "image", "role", "createdAt", "updatedAt") VALUES ('u_1m884ac0y3aggv5gq4k', 'ada@example.com', 'ada@example.com', 1, NULL, 'admin', '2026-11-25T01:14:59.486Z', '2026-11-25T01:14:59.486Z');
INSERT INTO "session" ("id", "token", "userId", "expiresAt", "ipAddress", "userAgent", "createdAt", "updatedAt") VALUES ('svKn3AzDNUh0jcLd3eOav0udk1QfFZtz', 'PcoWqltaDpQ1HDV2slp5RSaPMi1p1DGC', 'u_1m884ac0y3aggv5gq4k', '2026-12-02T01:14:59.617Z', '', '', '2026-11-25T01:14:59.618Z', '2026-11-25T01:14:59.618Z');
INSERT INTO "account" ("id", "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", "scope", "password", "createdAt", "updatedAt") VALUES ('a_1m884ac0z90qenkq5kf', 'u_1m884ac0y3aggv5gq4k', 'credential', 'u_1m884ac0y3aggv5gq4k', NULL, NULL, NULL, NULL, NULL, NULL, '300e5e99ca629063f28be335d1f9167b:137900efa05a890eac74679297ad0c1469577a6a95d021d8dc13f666920c8fbb1021f7109f4ba9706a0e32e39ef4fa513281156b37a533f83f3cd1bfbb5c2ba8', '2026-11-25T01:14:59.486Z', '2026-11-25T01:14:59.486Z');
INSERT INTO "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt") VALUES ('v_1', 'example', 'x', '2026-11-25T01:15:00.089Z', '2026-11-25T01:15:00.089Z', '2026-11-25T01:15:00.089Z');
INSERT INTO "hostKeys" ("nodeId", "pinned", "pinnedAt", "pinnedBy", "reason", "offered", "offeredAt", "blocked", "pinnedKey", "offeredKey") VALUES ('n_1m884ac15tfmp5jg9a4', 'SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB', 1795569300089, 'sre-oncall', NULL, NULL, NULL, 0, NULL, NULL);
INSERT INTO "agreedConfigs" ("nodeId", "sha256", "agreedAt") VALUES ('n_1m884ac15tfmp5jg9a4', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 1795569300089);
INSERT INTO "runs" ("id", "runbookKey", "runbookVersion", "runbookTitle", "runbookText", "selector", "strategy", "params", "dryRun", "mutates", "status", "verdict", "summary", "startedBy", "createdAt", "finishedAt", "control", "controlBy", "acceptedFailures", "leaseOwner", "leaseUntil", "startedById", "approveBy", "approvedBy", "approvedAt", "override") VALUES ('r_1kjmmk7f04qrcyhn92q', 'fd-leak', 'eaa1a0d7010f', 'File descriptor leak: restart and verify', '---

key: fd-leak
title: "File descriptor leak: restart and verify"
summary: Turn the connection pool off, restart the service, and judge by the slope whether the leak is gone.
mutates: true
---

The node says "too many open files". The workflow turns `connection_pool.enabled` off, restarts the service and checks the result. It is
done here step by step, with the machine doing the typing. A restart frees every leaked fd whatever caused the leak, so a low count right after
it proves nothing. What counts is the slope: fds gained per 1,000 connections, before and after, under comparable load.

## Update config.yaml

### Preflight

The console looks before it touches: it reaches the node over SSH, finds the unit''s process, reads `config.yaml` and makes sure that it can be
read as YAML. Nothing is changed.

```step
kind: preflight
timeout: 20
better: |
  systemctl show sniproxy -p MainPID,NRestarts,ActiveState; sha256sum config.yaml
proves:
  - The node answers over SSH with the host key that was approved.
  - The file that will be edited is readable and is YAML.
doesNotProve:
  - Anything about the leak.
```

### Baseline

The slope of the process as it runs now, from the samples of its last minutes. Without it nothing can be compared afterwards, because the restart
ends this process and its history with it.

```step
kind: baseline
timeout: 420
onFail: continue
documented: |
  # On server with pooling enabled
  watch -n 1 ''lsof -p $(pgrep sniproxy-server) | wc -l''
  # Should see file descriptor count growing continuously
better: |
  The stored samples of this process life: a slope with its 95 % interval, per minute and per 1,000 accepted connections.
proves:
  - How fast this process gains fds under the load that it has now.
doesNotProve:
  - What causes it. The slope is the same whichever part of the proxy leaks.
```

### Arm the automatic revert

A backup of `config.yaml` is kept on the node, and a timer on the node restores it and restarts once unless the console keeps extending the
deadline. A lost console, VPN or laptop heals by itself.

```step
kind: arm-revert
timeout: 60
better: |
  cp -p config.yaml .headroom/RUN/config.yaml; systemd-run --unit=headroom-revert-RUN --on-active=5 --on-unit-active=5 …
proves:
  - The way back exists on the node before anything is changed.
doesNotProve:
  - That a bare node would survive a reboot in between. Its timer, made by systemd-run, does not; the one of a prepared node does.
```

### Set enabled: false

One word of the file changes, byte for byte the rest stays. It is written to a new file, synced and renamed, and only if the file is still the one
that was read.

```step
kind: edit-config
timeout: 60
params:
  pool:
    enabled: false
documented: |
  connection_pool:
    enabled: false
better: |
  The value alone is replaced in place, so comments, order and spacing stay; owner and mode are kept; a diff is shown.
proves:
  - The file on the node holds the new value.
doesNotProve:
  - That the running process uses it. It reads the file when it starts.
```

### Validate on the node

The proxy''s own check of the file, where the node has it.

```step
kind: validate
timeout: 60
better: |
  sniproxy-server -t -c config.yaml
proves:
  - The proxy will accept this file when it starts.
doesNotProve:
  - That the setting cures anything.
```

## Restart service

### Restart

```step
key: restart
kind: service
params:
  action: restart
timeout: 120
documented: |
  systemctl restart sniproxy
better: |
  The same command, once per run: a marker on the node makes a second restart impossible, even if the console is killed in between.
proves:
  - The restart was asked for once and systemd took it.
doesNotProve:
  - That the new process serves. The next step looks.
```

### Verify the process

A new process with a start time after the restart was asked, owning the listeners of the old one, not restarting in a loop.

```step
kind: verify-process
timeout: 90
better: |
  systemctl show sniproxy -p MainPID,NRestarts; ss -ltnp; /proc/PID/stat; /proc/PID/limits
proves:
  - The process that runs now read the new file.
  - It listens where the old one listened.
doesNotProve:
  - That the leak is gone.
```

## Verify fix

### Verify the fd count

```step
kind: verify-fds
timeout: 60
onFail: continue
documented: |
  lsof -p $(pgrep sniproxy-server) | wc -l
better: |
  ls -U /proc/PID/fd | wc -l
proves:
  - How many fds the new process holds now, exactly.
  - How many the restart freed.
doesNotProve:
  - That the leak stopped. Every restart frees every leaked fd, so a low count right after it says nothing.
  - That the pool was the cause.
```

## Watch for growth

### Watch the slope

The verdict. The window is long enough, has enough connections in it, and the process is at least 60 seconds old. Too little load is
"inconclusive", never "fixed".

```step
kind: watch
timeout: 172800
onFail: continue
documented: |
  watch -n 5 ''lsof -p $(pgrep sniproxy-server) | wc -l''
  # Should see count grow during connections, then drop when connections close
  # Stable at baseline + active connections
better: |
  Fds gained per 1,000 accepted connections with a 95 % interval, held against the same figure from before the restart.
proves:
  - Whether this process gains fds under load as the old one did.
doesNotProve:
  - That a leak slower than the interval''s upper end is absent. A longer window narrows it.
```

## Check logs

### Check the journal

```step
kind: verify-logs
timeout: 60
onFail: continue
documented: |
  journalctl -u sniproxy -f
better: |
  journalctl -u sniproxy --since @RESTART -n 1000 --no-pager -o short-iso
proves:
  - Whether "too many open files" was logged since the restart.
doesNotProve:
  - That it will not be. Far from the limit a leaking process logs nothing.
```

## Monitor metrics

### Check the metrics

```step
kind: verify-metrics
timeout: 60
onFail: continue
documented: |
  curl http://localhost:9090/metrics | grep sniproxy_pool_active_connections
better: |
  process_open_fds, sniproxy_connections_active, sniproxy_pool_active_connections and sniproxy_pool_size of the new process.
proves:
  - The pool holds nothing, as it should when it is off.
doesNotProve:
  - Anything about the leak. In the incident this gauge read 0 before and after.
```

### Keep or revert?

The change is on the node and the verdict is known. Keeping it does no harm: a transparent proxy gains nothing from the pool. Reverting restores
the file and restarts once more.

```step
key: gate
kind: gate
timeout: 172800
params:
  question: Keep the change, or put the file back?
  default: keep
  options:
    - value: keep
      label: Keep and disarm
    - value: revert
      label: Revert now
      danger: true
proves:
  - Who decided, when, and what.
doesNotProve:
  - That the decision was right.
```

### Disarm the revert

```step
kind: disarm-revert
timeout: 120
better: |
  The deadline file is removed and the timer stopped, under the same lock that the timer takes.
proves:
  - The node will not restore the old file any more.
doesNotProve:
  - Anything about the leak.
```

### Record

The file as it is now becomes what was agreed for this node, so that a later difference shows as drift.

```step
key: record
kind: note
timeout: 30
params:
  agree: true
proves:
  - What the run did, on what, and how it was judged.
doesNotProve:
  - Anything new.
```
', 'name=edge-1', '{"batches":[1,"10%","100%"],"maxParallel":8,"bakeSeconds":0,"maxFailed":0,"onFail":"pause","onInconclusive":"pause","confirmSeconds":120,"gates":"auto","failureGroup":null,"onClosed":"refuse"}', '{"watchSeconds":60,"baselineSeconds":90,"minConnections":200}', 0, 1, 'succeeded', 'pass', 'edge-1: fixed: 200 fds leaked per 1,000 connections before, 0 after', 'sre-oncall', 1772366700000, 1772366767200, NULL, NULL, 0, NULL, NULL, 'u_1', NULL, NULL, NULL, NULL);
INSERT INTO "runTargets" ("runId", "nodeId", "name", "position", "batch", "attempt", "status", "verdict", "summary", "judgement", "wayBack", "revertAt", "grantedAt", "edit", "restart", "undo", "memo", "startedAt", "finishedAt") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'edge-1', 0, 1, 1, 'succeeded', 'pass', 'fixed: 200 fds leaked per 1,000 connections before, 0 after', '{"before":{"per1000Connections":{"low":185.69093915188014,"mid":200.05580357142858,"high":214.42080899002087},"perMinute":{"low":89.13165079290246,"mid":96.02678571428571,"high":102.92198831521002},"window":{"from":"2026-03-01T12:00:02.000Z","to":"2026-03-01T12:05:00.000Z"},"processAge":900},"after":{"per1000Connections":{"low":-5.276923076923078,"mid":0,"high":5.276923076923078},"perMinute":{"low":-2.532923076923077,"mid":0,"high":2.532923076923077},"window":{"from":"2026-03-01T12:05:10.000Z","to":"2026-03-01T12:06:06.000Z"},"processAge":65},"comparedBy":"last window of comparable load"}', 'disarmed', 1772366880360, 1772366760360, 'done', 'done', NULL, '{"before":{"pid":4000,"startMs":1772365800000,"nRestarts":0,"openFds":2084,"fdLimit":8192,"ports":[443]},"beforeSha256":"c8556545ea6fc227ff5fd05ddef12c884e9ec0160e1e1ad893885bf9a5180697","survivesReboot":false,"afterSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6","edits":"connection_pool.enabled: false, 1 place edited","mode":"restart","restartAskedNodeMs":1772366700720,"restartAskedAt":1772366700720,"after":{"pid":4007,"startMs":1772366700780,"nRestarts":0,"openFds":106,"fdLimit":8192,"ports":[443]},"watchFrom":1772366704080,"sentence":"fixed: 200 fds leaked per 1,000 connections before, 0 after"}', 1772366700000, 1772366767200);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'preflight', 0, 'preflight', 'Preflight', 'succeeded', NULL, 'pid 4000, 2,084 of 8,192 fds open, config.yaml readable', 1772366700000, 1772366700120, '12:05:00 looking at edge-1 over SSH
12:05:00 pid 4000 holds 2,084 fds and listens on 443; reading /etc/sniproxy/config.yaml
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'baseline', 1, 'baseline', 'Baseline', 'succeeded', NULL, '200 fds per 1,000 connections (173 to 227), from 45 samples, 704 connections', 1772366700120, 1772366700120, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'arm-revert', 2, 'arm-revert', 'Arm the automatic revert', 'succeeded', NULL, 'armed: without a word from the console the node restores itself after 120 s, unless it reboots: it has no helper; backup kept', 1772366700120, 1772366700360, '12:05:00 backup kept at /etc/sniproxy/.headroom/r_1kjmmk7f04qrcyhn92q/config.yaml
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'edit-config', 3, 'edit-config', 'Set enabled: false', 'succeeded', NULL, 'connection_pool.enabled: false, 1 place edited', 1772366700360, 1772366700540, '12:05:00 -   enabled: true   # as rolled out
12:05:00 +   enabled: false   # as rolled out
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'validate', 4, 'validate', 'Validate on the node', 'succeeded', NULL, 'valid, says the proxy on the node', 1772366700540, 1772366700660, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'restart', 5, 'service', 'Restart', 'succeeded', NULL, 'sniproxy restarted, once', 1772366700660, 1772366700780, '12:05:00 systemctl restart sniproxy, pid 4000
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-process', 6, 'verify-process', 'Verify the process', 'succeeded', 'pass', 'pid 4000 to 4007, listens on 443, NRestarts flat', 1772366700780, 1772366704020, '12:05:00 pid 4007 listens on 443; seeing whether it stays
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-fds', 7, 'verify-fds', 'Verify the fd count', 'succeeded', 'inconclusive', '106 fds open, 2,084 before: a restart frees every fd, so a low count proves nothing yet', 1772366704020, 1772366704080, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'watch', 8, 'watch', 'Watch the slope', 'succeeded', 'pass', 'fixed: 200 fds leaked per 1,000 connections before, 0 after', 1772366704080, 1772366767080, '12:05:04 watching the new process for 60 s and 200 connections, at an age of 60 s or more
12:05:04 106 fds, 32 connections, 60 s to go
12:05:07 104 fds, 48 connections, 57 s to go
12:05:10 106 fds, 80 connections, 54 s to go
12:05:13 104 fds, 96 connections, 51 s to go
12:05:16 106 fds, 128 connections, 48 s to go
12:05:19 104 fds, 144 connections, 45 s to go
12:05:22 106 fds, 176 connections, 42 s to go
12:05:25 104 fds, 192 connections, 39 s to go
12:05:28 106 fds, 224 connections, 36 s to go
12:05:31 104 fds, 240 connections, 33 s to go
12:05:34 106 fds, 272 connections, 30 s to go
12:05:37 104 fds, 288 connections, 27 s to go
12:05:40 106 fds, 320 connections, 24 s to go
12:05:43 104 fds, 336 connections, 21 s to go
12:05:46 106 fds, 368 connections, 18 s to go
12:05:49 104 fds, 384 connections, 15 s to go
12:05:52 106 fds, 416 connections, 12 s to go
12:05:55 104 fds, 432 connections, 9 s to go
12:05:58 106 fds, 464 connections, 6 s to go
12:06:01 104 fds, 480 connections, 3 s to go
12:06:04 106 fds, 512 connections, 0 s to go
', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-logs', 9, 'verify-logs', 'Check the journal', 'succeeded', 'pass', '0 lines since the restart, none "too many open files"', 1772366767080, 1772366767140, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-metrics', 10, 'verify-metrics', 'Check the metrics', 'succeeded', 'pass', 'pool 0 active, 0 idle, 104 fds; this gauge alone cannot show the leak', 1772366767140, 1772366767140, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'gate', 11, 'gate', 'Keep or revert?', 'succeeded', NULL, 'Keep and disarm: the default, answered by itself', 1772366767140, 1772366767140, '', '{"question":"Keep the change, or put the file back?","default":"keep","options":[{"value":"keep","label":"Keep and disarm","danger":false},{"value":"revert","label":"Revert now","danger":true}],"answer":"keep","by":"auto","at":"2026-03-01T12:06:07.140Z"}', 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'disarm-revert', 12, 'disarm-revert', 'Disarm the revert', 'succeeded', NULL, 'disarmed: the node keeps the change', 1772366767140, 1772366767200, '', NULL, 0, NULL);
INSERT INTO "runSteps" ("runId", "nodeId", "key", "position", "kind", "title", "status", "verdict", "summary", "startedAt", "finishedAt", "output", "gate", "accepted", "byHand") VALUES ('r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'record', 13, 'note', 'Record', 'succeeded', NULL, 'recorded; config.yaml e90852aa8934 is now what was agreed', 1772366767200, 1772366767200, '', NULL, 0, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (1, 'ev_1kjmmk7gw9zrb5g0a9s', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'preflight', 1, 1772366700060, 'the unit and its process', 'probe', 0, '{"nodeClockMs":1772366700060,"mainPid":4000,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772365800000,"openFds":2084,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4000}],"socketStates":{},"configSha256":"c8556545ea6fc227ff5fd05ddef12c884e9ec0160e1e1ad893885bf9a5180697"}', 'fb16a7f37a8d6dea50741324f447a0d7f0be09a1e9ffb2a6db88f6cc771b1b3f', 'pid 4000, 2,084 of 8,192 fds', 'a running process', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (2, 'ev_1kjmmk7jr064tzahanz', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'preflight', 1, 1772366700120, 'config.yaml as it is', 'readConfig', 0, '{"bytes":{"type":"Buffer","data":[35,32,101,100,103,101,32,112,114,111,120,121,10,108,105,115,116,101,110,95,97,100,100,114,115,58,32,91,34,48,46,48,46,48,46,48,58,52,52,51,34,93,10,99,111,110,110,101,99,116,105,111,110,95,112,111,111,108,58,10,32,32,101,110,97,98,108,101,100,58,32,116,114,117,101,32,32,32,35,32,97,115,32,114,111,108,108,101,100,32,111,117,116,10,32,32,109,97,120,95,112,101,114,95,104,111,115,116,58,32,49,48,48,48,10]},"sha256":"c8556545ea6fc227ff5fd05ddef12c884e9ec0160e1e1ad893885bf9a5180697","mode":"644","owner":"root:root"}', 'fc2778e7204bf2044a7fe8358e077061f02cfedaac90a559f166676d0c91291d', 'sha256 c8556545ea6f, connection_pool.enabled true', 'readable as YAML', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (3, 'ev_1kjmmk7jrz7xtgxgeag', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'baseline', 1, 1772366700120, 'slope of this process life', 'stored samples of edge-1, 2026-03-01T12:03:32.000Z to 2026-03-01T12:05:00.000Z', NULL, '2026-03-01T12:03:32.000Z openFds=1947 active=42 accepted=1696
2026-03-01T12:03:34.000Z openFds=1948 active=41 accepted=1712
2026-03-01T12:03:36.000Z openFds=1950 active=40 accepted=1728
2026-03-01T12:03:38.000Z openFds=1957 active=42 accepted=1744
2026-03-01T12:03:40.000Z openFds=1958 active=41 accepted=1760
2026-03-01T12:03:42.000Z openFds=1959 active=40 accepted=1776
2026-03-01T12:03:44.000Z openFds=1966 active=42 accepted=1792
2026-03-01T12:03:46.000Z openFds=1968 active=41 accepted=1808
2026-03-01T12:03:48.000Z openFds=1969 active=40 accepted=1824
2026-03-01T12:03:50.000Z openFds=1976 active=42 accepted=1840
2026-03-01T12:03:52.000Z openFds=1977 active=41 accepted=1856
2026-03-01T12:03:54.000Z openFds=1978 active=40 accepted=1872
2026-03-01T12:03:56.000Z openFds=1986 active=42 accepted=1888
2026-03-01T12:03:58.000Z openFds=1987 active=41 accepted=1904
2026-03-01T12:04:00.000Z openFds=1988 active=40 accepted=1920
2026-03-01T12:04:02.000Z openFds=1995 active=42 accepted=1936
2026-03-01T12:04:04.000Z openFds=1996 active=41 accepted=1952
2026-03-01T12:04:06.000Z openFds=1998 active=40 accepted=1968
2026-03-01T12:04:08.000Z openFds=2005 active=42 accepted=1984
2026-03-01T12:04:10.000Z openFds=2006 active=41 accepted=2000
2026-03-01T12:04:12.000Z openFds=2007 active=40 accepted=2016
2026-03-01T12:04:14.000Z openFds=2014 active=42 accepted=2032
2026-03-01T12:04:16.000Z openFds=2016 active=41 accepted=2048
2026-03-01T12:04:18.000Z openFds=2017 active=40 accepted=2064
2026-03-01T12:04:20.000Z openFds=2024 active=42 accepted=2080
2026-03-01T12:04:22.000Z openFds=2025 active=41 accepted=2096
2026-03-01T12:04:24.000Z openFds=2026 active=40 accepted=2112
2026-03-01T12:04:26.000Z openFds=2034 active=42 accepted=2128
2026-03-01T12:04:28.000Z openFds=2035 active=41 accepted=2144
2026-03-01T12:04:30.000Z openFds=2036 active=40 accepted=2160
2026-03-01T12:04:32.000Z openFds=2043 active=42 accepted=2176
2026-03-01T12:04:34.000Z openFds=2044 active=41 accepted=2192
2026-03-01T12:04:36.000Z openFds=2046 active=40 accepted=2208
2026-03-01T12:04:38.000Z openFds=2053 active=42 accepted=2224
2026-03-01T12:04:40.000Z openFds=2054 active=41 accepted=2240
2026-03-01T12:04:42.000Z openFds=2055 active=40 accepted=2256
2026-03-01T12:04:44.000Z openFds=2062 active=42 accepted=2272
2026-03-01T12:04:46.000Z openFds=2064 active=41 accepted=2288
2026-03-01T12:04:48.000Z openFds=2065 active=40 accepted=2304
2026-03-01T12:04:50.000Z openFds=2072 active=42 accepted=2320
2026-03-01T12:04:52.000Z openFds=2073 active=41 accepted=2336
2026-03-01T12:04:54.000Z openFds=2074 active=40 accepted=2352
2026-03-01T12:04:56.000Z openFds=2082 active=42 accepted=2368
2026-03-01T12:04:58.000Z openFds=2083 active=41 accepted=2384
2026-03-01T12:05:00.000Z openFds=2084 active=40 accepted=2400', 'e106b5a17a6d61c3bd3ec5e4faa5342ee1a8cc7f9cb11e37b42ce6ad5f9518f5', '200 fds per 1,000 connections (173 to 227)', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (4, 'ev_1kjmmk7pghatmq1g8a3', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'arm-revert', 1, 1772366700240, 'backup of config.yaml on the node', 'backupConfig', 0, '{"path":"/etc/sniproxy/.headroom/r_1kjmmk7f04qrcyhn92q/config.yaml"}', '5d4036e5c35b5176f8f91188d42b32205af05f1b2b2ef0298943313cf305a6c5', '/etc/sniproxy/.headroom/r_1kjmmk7f04qrcyhn92q/config.yaml, sha256 c8556545ea6f', 'the bytes of config.yaml', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (5, 'ev_1kjmmk7rc75wwns7qmh', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'arm-revert', 1, 1772366700300, 'the revert is armed', 'armRevert', 0, '{"deadline":1772366820300,"survivesReboot":false}', 'da932ab21312d03bd085c57af1724f67b4d78f6652c1b8fb6e51e32a80acb773', NULL, NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (6, 'ev_1kjmmk7t8kz088ypg7v', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'arm-revert', 1, 1772366700360, 'what the node says of it', 'revertState', 0, '{"state":"armed","deadline":1772366820300,"survivesReboot":false}', '969d07c194e069ebbcd9a8e9229559acfeaeaadf464204d66ca17d8f231326bb', 'armed, deadline 12:07:00 UTC', 'armed', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (7, 'ev_1kjmmk7w4y44njcnw4d', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'edit-config', 1, 1772366700420, 'what changes in config.yaml', '/etc/sniproxy/config.yaml: connection_pool.enabled: false', NULL, '  # edge proxy
  listen_addrs: ["0.0.0.0:443"]
  connection_pool:
-   enabled: true   # as rolled out
+   enabled: false   # as rolled out
    max_per_host: 1000', '0ea92da5566b8cc7fc2c7fc570ae1634faa5b8b24f38d0533dddd999441802fc', 'sha256 c8556545ea6f → e90852aa8934', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (8, 'ev_1kjmmk7y0ytb9btd4s4', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'edit-config', 1, 1772366700480, 'written', 'writeConfig', 0, '{"written":true}', '8af2b1089bfcc644a5b2fc46c42e330d7bae14eae8f187acf40e5347638e8ee8', 'written', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (9, 'ev_1kjmmk7zwkyzq36nxbk', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'edit-config', 1, 1772366700540, 'config.yaml read back', 'readConfig', 0, '{"bytes":{"type":"Buffer","data":[35,32,101,100,103,101,32,112,114,111,120,121,10,108,105,115,116,101,110,95,97,100,100,114,115,58,32,91,34,48,46,48,46,48,46,48,58,52,52,51,34,93,10,99,111,110,110,101,99,116,105,111,110,95,112,111,111,108,58,10,32,32,101,110,97,98,108,101,100,58,32,102,97,108,115,101,32,32,32,35,32,97,115,32,114,111,108,108,101,100,32,111,117,116,10,32,32,109,97,120,95,112,101,114,95,104,111,115,116,58,32,49,48,48,48,10]},"sha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6","mode":"644","owner":"root:root"}', '58ca7773ad5fcc286f692efb3afb161b1849a4a42b929e2bb3fe25615c2f811d', 'sha256 e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6', 'e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (10, 'ev_1kjmmk81r2a9je5pb6t', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'validate', 1, 1772366700600, 'checked against the schema', 'lint of /etc/sniproxy/config.yaml', NULL, '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '0 error(s)', '0 errors', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (11, 'ev_1kjmmk83mcja7ge302b', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'validate', 1, 1772366700660, 'checked by the proxy on the node', 'validateConfig', 0, '{"known":true,"ok":true,"output":"line 1: no"}', 'baab979ca594cad1c59332f2b980c2a08962d86bccc2f127f98d112e5e3e10ef', 'valid', 'valid', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (12, 'ev_1kjmmk85gvhrd3y2hc5', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'restart', 1, 1772366700720, 'the process before', 'probe', 0, '{"nodeClockMs":1772366700720,"mainPid":4000,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772365800000,"openFds":2084,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4000}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', 'f927e164629bc716c87fa44e17cb231171b8b80b475c0d599156b8f678b1aaa1', 'pid 4000, 2,084 fds', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (13, 'ev_1kjmmk87cxyfhvn87zb', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'restart', 1, 1772366700780, 'restart asked', 'restart', 0, '{"acted":true}', '21017faee09260f0f3dc7fe1487e54797da990e9a649335444d7197c59ad9e14', 'restart done', 'exactly once', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (14, 'ev_1kjmmkbcm8m92bajrv8', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-process', 1, 1772366704020, 'a new process', 'probe', 0, '{"nodeClockMs":1772366704020,"mainPid":4007,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772366700780,"openFds":106,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4007}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', '5b7649625a7331347295e2772c0c4f60b1626fb0916638d72fa8947cb4e28db8', 'pid 4007, started 2026-03-01T12:05:00.780Z', 'not pid 4000, started after the restart was asked', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (15, 'ev_1kjmmkbcmmv81qm3p7d', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-process', 1, 1772366704020, 'it owns the listeners', 'probe', NULL, '{"nodeClockMs":1772366704020,"mainPid":4007,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772366700780,"openFds":106,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4007}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', '5b7649625a7331347295e2772c0c4f60b1626fb0916638d72fa8947cb4e28db8', '443', '443', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (16, 'ev_1kjmmkbcm2y5s8019bt', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-process', 1, 1772366704020, 'it does not restart by itself', 'probe', NULL, '{"nodeClockMs":1772366704020,"mainPid":4007,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772366700780,"openFds":106,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4007}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', '5b7649625a7331347295e2772c0c4f60b1626fb0916638d72fa8947cb4e28db8', 'NRestarts 0', 'NRestarts 0', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (17, 'ev_1kjmmkbcm6hk6525nwg', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-process', 1, 1772366704020, 'its fd limit', 'probe', NULL, '{"nodeClockMs":1772366704020,"mainPid":4007,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772366700780,"openFds":106,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4007}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', '5b7649625a7331347295e2772c0c4f60b1626fb0916638d72fa8947cb4e28db8', '8,192', '8,192 or more', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (18, 'ev_1kjmmkbegzy0h3pkdfy', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-fds', 1, 1772366704080, 'open fds, by the entries of /proc/PID/fd', 'probe', 0, '{"nodeClockMs":1772366704080,"mainPid":4007,"activeState":"active","subState":"running","nRestarts":0,"canReload":true,"processStartMs":1772366700780,"openFds":106,"fdSoftLimit":8192,"comm":"sniproxy-server","listeners":[{"address":"0.0.0.0","port":443,"pid":4007}],"socketStates":{},"configSha256":"e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6"}', '40d4f67182a220c5eaf67f86ae28fd1bfd2b1f89f435b101fee012e5173a8568', '106 fds', '2084 before the restart; limit 8,192', 'inconclusive');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (19, 'ev_1kjmmkbegzm4jhne72v', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-fds', 1, 1772366704080, 'what the documented command would count', 'lsof -p 4007 | wc -l', NULL, 'Not run. lsof -p 4007 | wc -l counts lines: the 106 fds, and with them a header, the working directory, the root, the program and every mapped file.', 'c9db1e3a7353779f0efa3404d92f88fa27d7644bde02048505b8fda6fd6ace6d', NULL, NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (20, 'ev_1kjmmn8z81fjn9qjtm4', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'watch', 1, 1772366767080, 'slope before and after', 'stored samples of edge-1, compared by last window of comparable load', NULL, 'before {"per1000Connections":{"low":185.69093915188014,"mid":200.05580357142858,"high":214.42080899002087},"perMinute":{"low":89.13165079290246,"mid":96.02678571428571,"high":102.92198831521002},"window":{"from":"2026-03-01T12:00:02.000Z","to":"2026-03-01T12:05:00.000Z"},"processAge":900}
after  {"per1000Connections":{"low":-5.276923076923078,"mid":0,"high":5.276923076923078},"perMinute":{"low":-2.532923076923077,"mid":0,"high":2.532923076923077},"window":{"from":"2026-03-01T12:05:10.000Z","to":"2026-03-01T12:06:06.000Z"},"processAge":65}', '8ab771c40efb2750af4bc1c2dae243b41c7c252cec4543318cf872f037b6308d', '200 → 0 per 1,000 conn', 'fixed: a small part of before', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (21, 'ev_1kjmmn8z87g88rpjmvx', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'watch', 1, 1772366767080, 'the samples of the new process', 'stored samples of edge-1', NULL, '2026-03-01T12:05:02.000Z openFds=108 active=42 accepted=16
2026-03-01T12:05:04.000Z openFds=106 active=41 accepted=32
2026-03-01T12:05:06.000Z openFds=104 active=40 accepted=48
2026-03-01T12:05:08.000Z openFds=108 active=42 accepted=64
2026-03-01T12:05:10.000Z openFds=106 active=41 accepted=80
2026-03-01T12:05:12.000Z openFds=104 active=40 accepted=96
2026-03-01T12:05:14.000Z openFds=108 active=42 accepted=112
2026-03-01T12:05:16.000Z openFds=106 active=41 accepted=128
2026-03-01T12:05:18.000Z openFds=104 active=40 accepted=144
2026-03-01T12:05:20.000Z openFds=108 active=42 accepted=160
2026-03-01T12:05:22.000Z openFds=106 active=41 accepted=176
2026-03-01T12:05:24.000Z openFds=104 active=40 accepted=192
2026-03-01T12:05:26.000Z openFds=108 active=42 accepted=208
2026-03-01T12:05:28.000Z openFds=106 active=41 accepted=224
2026-03-01T12:05:30.000Z openFds=104 active=40 accepted=240
2026-03-01T12:05:32.000Z openFds=108 active=42 accepted=256
2026-03-01T12:05:34.000Z openFds=106 active=41 accepted=272
2026-03-01T12:05:36.000Z openFds=104 active=40 accepted=288
2026-03-01T12:05:38.000Z openFds=108 active=42 accepted=304
2026-03-01T12:05:40.000Z openFds=106 active=41 accepted=320
2026-03-01T12:05:42.000Z openFds=104 active=40 accepted=336
2026-03-01T12:05:44.000Z openFds=108 active=42 accepted=352
2026-03-01T12:05:46.000Z openFds=106 active=41 accepted=368
2026-03-01T12:05:48.000Z openFds=104 active=40 accepted=384
2026-03-01T12:05:50.000Z openFds=108 active=42 accepted=400
2026-03-01T12:05:52.000Z openFds=106 active=41 accepted=416
2026-03-01T12:05:54.000Z openFds=104 active=40 accepted=432
2026-03-01T12:05:56.000Z openFds=108 active=42 accepted=448
2026-03-01T12:05:58.000Z openFds=106 active=41 accepted=464
2026-03-01T12:06:00.000Z openFds=104 active=40 accepted=480
2026-03-01T12:06:02.000Z openFds=108 active=42 accepted=496
2026-03-01T12:06:04.000Z openFds=106 active=41 accepted=512
2026-03-01T12:06:06.000Z openFds=104 active=40 accepted=528', 'a3027d73badb72b13e6b565c907d370f959195ba4d4f21010b1e670fa54b2ca7', '33 samples', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (22, 'ev_1kjmmn914yce2af6eeb', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-logs', 1, 1772366767140, '"too many open files" since the restart', 'journal', 0, '{"lines":[]}', '2ffd967f41ac1c7ee43c558109ecb4e86721fff4025f22c2a70aff5fcd0a3e32', '0 of 0 lines', '0 lines', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (23, 'ev_1kjmmn914dbw43tf42y', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-metrics', 1, 1772366767140, 'pool gauges', 'http://127.0.0.1:9090/metrics via ssh', NULL, 'sniproxy_pool_active_connections 0
sniproxy_pool_size 0', 'f200f7dc0a95a8e6924e1df02a7aee0d3b54ed5fa77ebfd7d0203fd8d1d7913a', '0 active, 0 idle', '0 while the pool is off', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (24, 'ev_1kjmmn91485snq64a0p', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'verify-metrics', 1, 1772366767140, 'fds and connections', 'process_open_fds, process_max_fds, sniproxy_connections_active', NULL, 'process_open_fds 104
process_max_fds 8192
sniproxy_connections_active 40', '66befebadfbfdb044dc0d7297594a77c6cbb1b1ba6a04b94c91b57a5f882f0c1', '104 of 8,192 fds, 40 connections', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (25, 'ev_1kjmmn9140n7hd1yxrq', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'gate', 1, 1772366767140, 'the answer', 'Keep the change, or put the file back?', NULL, '{"question":"Keep the change, or put the file back?","answer":"keep","by":"auto","at":"2026-03-01T12:06:07.140Z"}', '5081e3a3cd3199c1abe2d1a5e19265dfe7db42d1787d50778e869a9551b42b3a', 'keep', NULL, NULL);
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (26, 'ev_1kjmmn930q2msx3yvzm', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'disarm-revert', 1, 1772366767200, 'the revert is disarmed', 'disarmRevert', 0, '{"state":"disarmed","deadline":null,"survivesReboot":false}', 'dddba676134c1af16052d0f7646b50c5401e29814cfa7e0d50b0b1accf04eb47', 'disarmed', 'disarmed', 'pass');
INSERT INTO "runEvidence" ("seq", "id", "runId", "nodeId", "step", "attempt", "at", "title", "command", "exitCode", "raw", "sha256", "value", "threshold", "verdict") VALUES (27, 'ev_1kjmmn930g7taygrhvj', 'r_1kjmmk7f04qrcyhn92q', 'n_1m884ac15tfmp5jg9a4', 'record', 1, 1772366767200, 'what was done', 'run r_1kjmmk7f04qrcyhn92q on edge-1', NULL, '{
  "edit": "done",
  "edits": "connection_pool.enabled: false, 1 place edited",
  "restart": "done",
  "before": {
    "pid": 4000,
    "startMs": 1772365800000,
    "nRestarts": 0,
    "openFds": 2084,
    "fdLimit": 8192,
    "ports": [
      443
    ]
  },
  "after": {
    "pid": 4007,
    "startMs": 1772366700780,
    "nRestarts": 0,
    "openFds": 106,
    "fdLimit": 8192,
    "ports": [
      443
    ]
  },
  "judgement": {
    "before": {
      "per1000Connections": {
        "low": 185.69093915188014,
        "mid": 200.05580357142858,
        "high": 214.42080899002087
      },
      "perMinute": {
        "low": 89.13165079290246,
        "mid": 96.02678571428571,
        "high": 102.92198831521002
      },
      "window": {
        "from": "2026-03-01T12:00:02.000Z",
        "to": "2026-03-01T12:05:00.000Z"
      },
      "processAge": 900
    },
    "after": {
      "per1000Connections": {
        "low": -5.276923076923078,
        "mid": 0,
        "high": 5.276923076923078
      },
      "perMinute": {
        "low": -2.532923076923077,
        "mid": 0,
        "high": 2.532923076923077
      },
      "window": {
        "from": "2026-03-01T12:05:10.000Z",
        "to": "2026-03-01T12:06:06.000Z"
      },
      "processAge": 65
    },
    "comparedBy": "last window of comparable load"
  },
  "verdict": "pass"
}', '42bb0fbc55cb7c10474f325bfcbdbb89a69b13d6a47aab2cd81bce14cf45b3c6', 'agreed config.yaml: sha256 e90852aa8934a76d26c7e4b5c8e5c4990028052b11626579912f0ea4b94474d6', NULL, NULL);
INSERT INTO "runLocks" ("nodeId", "runId") VALUES ('n_1m884ac1b12qbabttct', 'r_1kjmmk7f04qrcyhn92q');
INSERT INTO "xrayLooks" ("id", "nodeId", "at", "look", "seen") VALUES ('x_1', 'n_1m884ac15tfmp5jg9a4', 1795569300089, '{}', '[]');
INSERT INTO "changeRules" ("id", "rule", "createdBy", "createdAt") VALUES ('cr_1m884ac82kadbefqxze', '{"kind":"approval","selector":"group=edge","reason":"a second person"}', 'sre-oncall', 1795569299714);
INSERT INTO "runbookVersions" ("seq", "key", "version", "text", "savedBy", "savedAt") VALUES (1, 'own-check', '1', '---
key: own-check
---
', 'sre-oncall', 1795569300089);
INSERT INTO "nodeMarks" ("id", "nodeId", "kind", "fromMs", "toMs", "value", "earlier") VALUES (1, 'n_1m884ac15tfmp5jg9a4', 'config', 1795569300089, NULL, 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', NULL);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE INDEX idempotency_at ON idempotency (at);
CREATE INDEX session_user ON session (userId);
CREATE INDEX account_user ON account (userId);
CREATE INDEX verification_identifier ON verification (identifier);
CREATE INDEX runs_open ON runs (finishedAt) WHERE finishedAt IS NULL;
CREATE INDEX runs_created ON runs (createdAt);
CREATE INDEX runTargets_node ON runTargets (nodeId, startedAt);
CREATE INDEX runEvidence_step ON runEvidence (runId, nodeId, step);
CREATE INDEX xrayLooks_node ON xrayLooks (nodeId, at);
CREATE INDEX runbookVersions_key ON runbookVersions (key, seq);
CREATE INDEX nodeMarks_node ON nodeMarks (nodeId, kind, fromMs);
COMMIT;
