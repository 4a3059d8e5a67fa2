export const nodeMarks = {
  name: '0009-node-marks',
  sql: `
CREATE TABLE nodeMarks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, nodeId TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE, kind TEXT NOT NULL,
  fromMs INTEGER NOT NULL, toMs INTEGER, value TEXT NOT NULL, earlier TEXT
) STRICT;
CREATE INDEX nodeMarks_node ON nodeMarks (nodeId, kind, fromMs);
`,
};
