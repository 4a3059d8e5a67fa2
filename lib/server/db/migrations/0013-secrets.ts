export const secretKeys = {
  name: '0013-secrets',
  sql: `
CREATE TABLE secretKeys (keyId TEXT PRIMARY KEY, since INTEGER NOT NULL, retiredAt INTEGER) STRICT;
CREATE UNIQUE INDEX secretKeys_current ON secretKeys ((retiredAt IS NULL)) WHERE retiredAt IS NULL;
`,
  postgres: `
CREATE TABLE "secretKeys" ("keyId" TEXT PRIMARY KEY, since BIGINT NOT NULL, "retiredAt" BIGINT);
CREATE UNIQUE INDEX "secretKeys_current" ON "secretKeys" (("retiredAt" IS NULL)) WHERE "retiredAt" IS NULL;
`,
};
