export const nodeMarks = {
  name: '0009-node-marks',
  sql: `
CREATE TABLE nodeMarks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, nodeId TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, kind TEXT NOT NULL,
  fromMs INTEGER NOT NULL, toMs INTEGER, value TEXT NOT NULL, earlier TEXT
) STRICT;
CREATE INDEX nodeMarks_node ON nodeMarks (nodeId, kind, fromMs);
`,
  postgres: `
CREATE TABLE "nodeMarks" (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "nodeId" TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, kind TEXT NOT NULL,
  "fromMs" BIGINT NOT NULL, "toMs" BIGINT, value TEXT NOT NULL, earlier TEXT
);
CREATE INDEX "nodeMarks_node" ON "nodeMarks" ("nodeId", kind, "fromMs");
`,
};
