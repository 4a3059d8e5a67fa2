export const changeRules = {
  name: '0006-change-rules',
  sql: `
CREATE TABLE changeRules (id TEXT PRIMARY KEY, rule TEXT NOT NULL, createdBy TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT;

ALTER TABLE runs ADD COLUMN startedById TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN approveBy INTEGER;
ALTER TABLE runs ADD COLUMN approvedBy TEXT;
ALTER TABLE runs ADD COLUMN approvedAt INTEGER;
ALTER TABLE runs ADD COLUMN override TEXT;
`,
  postgres: `
CREATE TABLE "changeRules" (id TEXT PRIMARY KEY, rule TEXT NOT NULL, "createdBy" TEXT NOT NULL, "createdAt" BIGINT NOT NULL);

ALTER TABLE runs ADD COLUMN "startedById" TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN "approveBy" BIGINT;
ALTER TABLE runs ADD COLUMN "approvedBy" TEXT;
ALTER TABLE runs ADD COLUMN "approvedAt" BIGINT;
ALTER TABLE runs ADD COLUMN override TEXT;
`,
};
