export const notify = {
  name: '0015-notify',
  sql: `
CREATE TABLE channels (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, target TEXT NOT NULL, route TEXT NOT NULL,
  enabled INTEGER NOT NULL, allowPrivate INTEGER NOT NULL, version INTEGER NOT NULL, createdBy TEXT NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE TABLE alerts (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  link TEXT NOT NULL, signals TEXT NOT NULL, startsAt INTEGER NOT NULL, endsAt INTEGER, "by" TEXT, change INTEGER NOT NULL,
  life INTEGER NOT NULL, silencedBy TEXT NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_state ON alerts (state, updatedAt);
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, channelId TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE, alertKey TEXT NOT NULL, change INTEGER NOT NULL,
  event TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, since INTEGER NOT NULL, nextAt INTEGER NOT NULL,
  leaseUntil INTEGER NOT NULL, createdAt INTEGER NOT NULL, finishedAt INTEGER, answer TEXT, UNIQUE (channelId, alertKey, change)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (state, nextAt);
CREATE INDEX deliveries_created ON deliveries (createdAt);
CREATE TABLE silences (
  id TEXT PRIMARY KEY, selector TEXT NOT NULL, matchers TEXT NOT NULL, reason TEXT NOT NULL, startsAt INTEGER NOT NULL,
  endsAt INTEGER NOT NULL, createdBy TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, endedBy TEXT,
  runId TEXT, nodeId TEXT
) STRICT;
CREATE INDEX silences_ends ON silences (endsAt);
`,
  postgres: `
CREATE TABLE channels (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, target TEXT NOT NULL, route TEXT NOT NULL,
  enabled INTEGER NOT NULL, "allowPrivate" INTEGER NOT NULL, version INTEGER NOT NULL, "createdBy" TEXT NOT NULL, "createdAt" BIGINT NOT NULL
);
CREATE TABLE alerts (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  link TEXT NOT NULL, signals TEXT NOT NULL, "startsAt" BIGINT NOT NULL, "endsAt" BIGINT, "by" TEXT, change INTEGER NOT NULL,
  life INTEGER NOT NULL, "silencedBy" TEXT NOT NULL, "updatedAt" BIGINT NOT NULL
);
CREATE INDEX alerts_state ON alerts (state, "updatedAt");
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, "channelId" TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE, "alertKey" TEXT NOT NULL, change INTEGER NOT NULL,
  event TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, since BIGINT NOT NULL, "nextAt" BIGINT NOT NULL,
  "leaseUntil" BIGINT NOT NULL, "createdAt" BIGINT NOT NULL, "finishedAt" BIGINT, answer TEXT, UNIQUE ("channelId", "alertKey", change)
);
CREATE INDEX deliveries_due ON deliveries (state, "nextAt");
CREATE INDEX deliveries_created ON deliveries ("createdAt");
CREATE TABLE silences (
  id TEXT PRIMARY KEY, selector TEXT NOT NULL, matchers TEXT NOT NULL, reason TEXT NOT NULL, "startsAt" BIGINT NOT NULL,
  "endsAt" BIGINT NOT NULL, "createdBy" TEXT NOT NULL, "createdAt" BIGINT NOT NULL, "updatedAt" BIGINT NOT NULL, "endedBy" TEXT,
  "runId" TEXT, "nodeId" TEXT
);
CREATE INDEX silences_ends ON silences ("endsAt");
`,
};
