/** What several processes on one PostgreSQL tell one another; a console on SQLite is one process, and needs none of it. */
export const processes = {
  name: '0019-processes',
  sql: '',
  postgres: `
CREATE TABLE events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin TEXT NOT NULL, at BIGINT NOT NULL, body TEXT NOT NULL);

CREATE TABLE workers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, "startedAt" BIGINT NOT NULL, "seenAt" BIGINT NOT NULL, "aliveUntil" BIGINT NOT NULL
);

CREATE TABLE "scrapeOwners" ("nodeId" TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE, "workerId" TEXT NOT NULL);
CREATE INDEX "scrapeOwners_worker" ON "scrapeOwners" ("workerId");

CREATE TABLE "nodeHealth" (
  "nodeId" TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE, "workerId" TEXT NOT NULL, at BIGINT NOT NULL, health TEXT NOT NULL
);
`,
};
