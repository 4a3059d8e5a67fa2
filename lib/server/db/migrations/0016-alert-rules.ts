export const alertRules = {
  name: '0016-alert-rules',
  sql: `
CREATE TABLE alertRules (
  rule TEXT PRIMARY KEY, mode TEXT NOT NULL, thresholds TEXT NOT NULL, version INTEGER NOT NULL, updatedBy TEXT NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
`,
  postgres: `
CREATE TABLE "alertRules" (
  rule TEXT PRIMARY KEY, mode TEXT NOT NULL, thresholds TEXT NOT NULL, version INTEGER NOT NULL, "updatedBy" TEXT NOT NULL, "updatedAt" BIGINT NOT NULL
);
`,
};
