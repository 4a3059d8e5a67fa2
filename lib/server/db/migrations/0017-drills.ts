/** `secret`: JSON of what is hidden until the end: family, node, what leaked before; `hints`, `answer`, `score`, `inPlay`: JSON. */
export const drills = {
  name: '0017-drills',
  sql: `
CREATE TABLE drills (
  id TEXT PRIMARY KEY, status TEXT NOT NULL, secret TEXT NOT NULL, inPlay TEXT NOT NULL, minutes INTEGER NOT NULL, startedBy TEXT NOT NULL,
  createdAt INTEGER NOT NULL, startedAt INTEGER, endsAt INTEGER, endedAt INTEGER, ended TEXT, why TEXT, detectedAt INTEGER,
  acknowledgedAt INTEGER, acknowledgedBy TEXT, hints TEXT NOT NULL, answer TEXT, score TEXT
) STRICT;
CREATE INDEX drills_created ON drills (createdAt);
`,
  postgres: `
CREATE TABLE drills (
  id TEXT PRIMARY KEY, status TEXT NOT NULL, secret TEXT NOT NULL, "inPlay" TEXT NOT NULL, minutes INTEGER NOT NULL, "startedBy" TEXT NOT NULL,
  "createdAt" BIGINT NOT NULL, "startedAt" BIGINT, "endsAt" BIGINT, "endedAt" BIGINT, ended TEXT, why TEXT, "detectedAt" BIGINT,
  "acknowledgedAt" BIGINT, "acknowledgedBy" TEXT, hints TEXT NOT NULL, answer TEXT, score TEXT
);
CREATE INDEX drills_created ON drills ("createdAt");
`,
};
