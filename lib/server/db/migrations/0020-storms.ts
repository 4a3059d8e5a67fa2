/** What a pass over an incident asks of its signals, and of who was told of an alert, is answered from an index, however many there are. */
const INDEXES = `
DROP INDEX signals_incident;
CREATE INDEX signals_incident ON signals ("incidentId", "until", "severity", "rule");
CREATE INDEX signals_of_node ON signals ("incidentId", "nodeId", "since", "until");
CREATE INDEX alerts_kind ON alerts ("kind", "state");
CREATE INDEX deliveries_alert ON deliveries ("alertKey", "change", "channelId");
`;

export const storms = { name: '0020-storms', sql: INDEXES, postgres: INDEXES };
