/** One open signal of a rule on a node, whatever crashes in between: the index says so. */
export const incidents = {
  name: '0014-incidents',
  sql: `
CREATE TABLE incidents (
  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, title TEXT NOT NULL, titledBy TEXT, cause TEXT NOT NULL, status TEXT NOT NULL,
  severity TEXT NOT NULL, severityBy TEXT, owner TEXT, declaredBy TEXT NOT NULL, openedAt INTEGER NOT NULL, acknowledgedBy TEXT,
  acknowledgedAt INTEGER, closedAt INTEGER, closedBy TEXT, closedReason TEXT, reopened INTEGER NOT NULL, mergedInto TEXT, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_status ON incidents (status, openedAt);
CREATE TABLE incidentNodes (
  incidentId TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE, nodeId TEXT NOT NULL, name TEXT NOT NULL, addedAt INTEGER NOT NULL,
  PRIMARY KEY (incidentId, nodeId)
) STRICT;
CREATE INDEX incidentNodes_node ON incidentNodes (nodeId);
CREATE TABLE signals (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, nodeId TEXT NOT NULL, nodeName TEXT NOT NULL, severity TEXT NOT NULL, since INTEGER NOT NULL,
  until INTEGER, summary TEXT NOT NULL, value REAL, threshold REAL, ended TEXT, incidentId TEXT, evidence TEXT NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signals_open ON signals (nodeId, rule) WHERE until IS NULL;
CREATE INDEX signals_incident ON signals (incidentId);
CREATE INDEX signals_since ON signals (since);
CREATE TABLE incidentEntries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, incidentId TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE, key TEXT NOT NULL, at INTEGER NOT NULL,
  kind TEXT NOT NULL, tone TEXT NOT NULL, nodeId TEXT, nodeName TEXT, text TEXT NOT NULL, actor TEXT, runId TEXT, captureId TEXT,
  UNIQUE (incidentId, key)
) STRICT;
CREATE TABLE captures (
  id TEXT PRIMARY KEY, nodeId TEXT NOT NULL, nodeName TEXT NOT NULL, incidentId TEXT, at INTEGER NOT NULL, actor TEXT NOT NULL,
  processStart INTEGER, openFds INTEGER, parts TEXT NOT NULL, bundle TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX captures_node ON captures (nodeId, at);
CREATE TABLE boughtTime (
  id TEXT PRIMARY KEY, nodeId TEXT NOT NULL, nodeName TEXT NOT NULL, incidentId TEXT, runId TEXT NOT NULL, at INTEGER NOT NULL,
  limitBefore INTEGER NOT NULL, limitAfter INTEGER NOT NULL, perMinute REAL, expiresAt INTEGER, processStart INTEGER, endedAt INTEGER,
  UNIQUE (runId, nodeId)
) STRICT;
CREATE INDEX boughtTime_node ON boughtTime (nodeId, at);
`,
  postgres: `
CREATE TABLE "incidents" (
  "id" TEXT PRIMARY KEY, "number" INTEGER NOT NULL UNIQUE, "title" TEXT NOT NULL, "titledBy" TEXT, "cause" TEXT NOT NULL, "status" TEXT NOT NULL,
  "severity" TEXT NOT NULL, "severityBy" TEXT, "owner" TEXT, "declaredBy" TEXT NOT NULL, "openedAt" BIGINT NOT NULL, "acknowledgedBy" TEXT,
  "acknowledgedAt" BIGINT, "closedAt" BIGINT, "closedBy" TEXT, "closedReason" TEXT, "reopened" INTEGER NOT NULL, "mergedInto" TEXT,
  "updatedAt" BIGINT NOT NULL
);
CREATE INDEX "incidents_status" ON "incidents" ("status", "openedAt");
CREATE TABLE "incidentNodes" (
  "incidentId" TEXT NOT NULL REFERENCES "incidents" ("id") ON DELETE CASCADE, "nodeId" TEXT NOT NULL, "name" TEXT NOT NULL,
  "addedAt" BIGINT NOT NULL, PRIMARY KEY ("incidentId", "nodeId")
);
CREATE INDEX "incidentNodes_node" ON "incidentNodes" ("nodeId");
CREATE TABLE "signals" (
  "id" TEXT PRIMARY KEY, "rule" TEXT NOT NULL, "nodeId" TEXT NOT NULL, "nodeName" TEXT NOT NULL, "severity" TEXT NOT NULL, "since" BIGINT NOT NULL,
  "until" BIGINT, "summary" TEXT NOT NULL, "value" DOUBLE PRECISION, "threshold" DOUBLE PRECISION, "ended" TEXT, "incidentId" TEXT,
  "evidence" TEXT NOT NULL, "updatedAt" BIGINT NOT NULL
);
CREATE UNIQUE INDEX "signals_open" ON "signals" ("nodeId", "rule") WHERE "until" IS NULL;
CREATE INDEX "signals_incident" ON "signals" ("incidentId");
CREATE INDEX "signals_since" ON "signals" ("since");
CREATE TABLE "incidentEntries" (
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "id" TEXT NOT NULL UNIQUE, "incidentId" TEXT NOT NULL REFERENCES "incidents" ("id") ON DELETE CASCADE, "key" TEXT NOT NULL, "at" BIGINT NOT NULL,
  "kind" TEXT NOT NULL, "tone" TEXT NOT NULL, "nodeId" TEXT, "nodeName" TEXT, "text" TEXT NOT NULL, "actor" TEXT, "runId" TEXT, "captureId" TEXT,
  UNIQUE ("incidentId", "key")
);
CREATE TABLE "captures" (
  "id" TEXT PRIMARY KEY, "nodeId" TEXT NOT NULL, "nodeName" TEXT NOT NULL, "incidentId" TEXT, "at" BIGINT NOT NULL, "actor" TEXT NOT NULL,
  "processStart" BIGINT, "openFds" BIGINT, "parts" TEXT NOT NULL, "bundle" TEXT NOT NULL, "bytes" BIGINT NOT NULL, "sha256" TEXT NOT NULL
);
CREATE INDEX "captures_node" ON "captures" ("nodeId", "at");
CREATE TABLE "boughtTime" (
  "id" TEXT PRIMARY KEY, "nodeId" TEXT NOT NULL, "nodeName" TEXT NOT NULL, "incidentId" TEXT, "runId" TEXT NOT NULL, "at" BIGINT NOT NULL,
  "limitBefore" BIGINT NOT NULL, "limitAfter" BIGINT NOT NULL, "perMinute" DOUBLE PRECISION, "expiresAt" BIGINT, "processStart" BIGINT,
  "endedAt" BIGINT, UNIQUE ("runId", "nodeId")
);
CREATE INDEX "boughtTime_node" ON "boughtTime" ("nodeId", "at");
`,
};
