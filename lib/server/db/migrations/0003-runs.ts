export const runs = {
  name: '0003-runs',
  sql: `
CREATE TABLE runs (
  id TEXT PRIMARY KEY, runbookKey TEXT NOT NULL, runbookVersion TEXT NOT NULL, runbookTitle TEXT NOT NULL, runbookText TEXT NOT NULL,
  selector TEXT NOT NULL, strategy TEXT NOT NULL, params TEXT NOT NULL, dryRun INTEGER NOT NULL, mutates INTEGER NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, startedBy TEXT NOT NULL, createdAt INTEGER NOT NULL, finishedAt INTEGER,
  control TEXT, controlBy TEXT, acceptedFailures INTEGER NOT NULL, leaseOwner TEXT, leaseUntil INTEGER
) STRICT;
CREATE INDEX runs_open ON runs (finishedAt) WHERE finishedAt IS NULL;
CREATE INDEX runs_created ON runs (createdAt);

CREATE TABLE runTargets (
  runId TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, nodeId TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
  batch INTEGER NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, judgement TEXT,
  wayBack TEXT NOT NULL, revertAt INTEGER, grantedAt INTEGER, edit TEXT NOT NULL, restart TEXT NOT NULL, undo TEXT, memo TEXT NOT NULL,
  startedAt INTEGER, finishedAt INTEGER, PRIMARY KEY (runId, nodeId)
) STRICT;
CREATE INDEX runTargets_node ON runTargets (nodeId, startedAt);

CREATE TABLE runSteps (
  runId TEXT NOT NULL, nodeId TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, startedAt INTEGER, finishedAt INTEGER, output TEXT NOT NULL, gate TEXT,
  accepted INTEGER NOT NULL, PRIMARY KEY (runId, nodeId, key),
  FOREIGN KEY (runId, nodeId) REFERENCES runTargets (runId, nodeId) ON DELETE CASCADE
) STRICT;

CREATE TABLE runEvidence (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, runId TEXT NOT NULL, nodeId TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
  title TEXT NOT NULL, command TEXT, exitCode INTEGER, raw TEXT NOT NULL, sha256 TEXT NOT NULL, value TEXT, threshold TEXT, verdict TEXT,
  FOREIGN KEY (runId, nodeId) REFERENCES runTargets (runId, nodeId) ON DELETE CASCADE
) STRICT;
CREATE INDEX runEvidence_step ON runEvidence (runId, nodeId, step);

CREATE TABLE runLocks (nodeId TEXT PRIMARY KEY, runId TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE) STRICT;
`,
  postgres: `
CREATE TABLE runs (
  id TEXT PRIMARY KEY, "runbookKey" TEXT NOT NULL, "runbookVersion" TEXT NOT NULL, "runbookTitle" TEXT NOT NULL,
  "runbookText" TEXT NOT NULL,
  selector TEXT NOT NULL, strategy TEXT NOT NULL, params TEXT NOT NULL, "dryRun" INTEGER NOT NULL, mutates INTEGER NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, "startedBy" TEXT NOT NULL, "createdAt" BIGINT NOT NULL, "finishedAt" BIGINT,
  control TEXT, "controlBy" TEXT, "acceptedFailures" INTEGER NOT NULL, "leaseOwner" TEXT, "leaseUntil" BIGINT
);
CREATE INDEX runs_open ON runs ("finishedAt") WHERE "finishedAt" IS NULL;
CREATE INDEX runs_created ON runs ("createdAt");

CREATE TABLE "runTargets" (
  "runId" TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, "nodeId" TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
  batch INTEGER NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, judgement TEXT,
  "wayBack" TEXT NOT NULL, "revertAt" BIGINT, "grantedAt" BIGINT, edit TEXT NOT NULL, restart TEXT NOT NULL, undo TEXT,
  memo TEXT NOT NULL,
  "startedAt" BIGINT, "finishedAt" BIGINT, PRIMARY KEY ("runId", "nodeId")
);
CREATE INDEX "runTargets_node" ON "runTargets" ("nodeId", "startedAt");

CREATE TABLE "runSteps" (
  "runId" TEXT NOT NULL, "nodeId" TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
  status TEXT NOT NULL, verdict TEXT, summary TEXT NOT NULL, "startedAt" BIGINT, "finishedAt" BIGINT, output TEXT NOT NULL, gate TEXT,
  accepted INTEGER NOT NULL, PRIMARY KEY ("runId", "nodeId", key),
  FOREIGN KEY ("runId", "nodeId") REFERENCES "runTargets" ("runId", "nodeId") ON DELETE CASCADE
);

CREATE TABLE "runEvidence" (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  "runId" TEXT NOT NULL, "nodeId" TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, at BIGINT NOT NULL,
  title TEXT NOT NULL, command TEXT, "exitCode" INTEGER, raw TEXT NOT NULL, sha256 TEXT NOT NULL, value TEXT, threshold TEXT,
  verdict TEXT,
  FOREIGN KEY ("runId", "nodeId") REFERENCES "runTargets" ("runId", "nodeId") ON DELETE CASCADE
);
CREATE INDEX "runEvidence_step" ON "runEvidence" ("runId", "nodeId", step);

CREATE TABLE "runLocks" ("nodeId" TEXT PRIMARY KEY, "runId" TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE);
`,
};
