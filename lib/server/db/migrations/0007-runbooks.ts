export const runbooks = {
  name: '0007-runbooks',
  sql: `
CREATE TABLE runbookVersions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, version TEXT NOT NULL, text TEXT, savedBy TEXT NOT NULL, savedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX runbookVersions_key ON runbookVersions (key, seq);
`,
  postgres: `
CREATE TABLE "runbookVersions" (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key TEXT NOT NULL, version TEXT NOT NULL, text TEXT, "savedBy" TEXT NOT NULL,
  "savedAt" BIGINT NOT NULL
);
CREATE INDEX "runbookVersions_key" ON "runbookVersions" (key, seq);
`,
};
