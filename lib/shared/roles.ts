/** Plain data, without the schema library: pages need it before they read an answer. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Closed list; every route and verb names one. */
export const PERMISSIONS = [
  'fleet.read',
  'fleet.inspect',
  'node.write',
  'node.host-key',
  'config.read',
  'run.read',
  'run.start',
  'run.control',
  'run.approve',
  'rule.write',
  'incident.read',
  'incident.write',
  'drill.read',
  'drill.write',
  'proxy.upgrade',
  'runbook.read',
  'runbook.write',
  'audit.read',
  'token.read',
  'token.write',
  'user.read',
  'user.write',
  'alert.read',
  'alert.write',
  'silence.write',
  'channel.write',
  'self.read',
  'self.write',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const VIEWER: Permission[] = [
  'fleet.read',
  'drill.read',
  'incident.read',
  'config.read',
  'run.read',
  'runbook.read',
  'alert.read',
  'self.read',
  'self.write',
];
const OPERATOR: Permission[] = [
  ...VIEWER,
  'drill.write',
  'fleet.inspect',
  'run.start',
  'run.control',
  'incident.write',
  'silence.write',
  'audit.read',
];
const APPROVER: Permission[] = [...OPERATOR, 'run.approve', 'rule.write', 'alert.write', 'runbook.write'];
const GRANTS: Record<Role, readonly Permission[]> = { viewer: VIEWER, operator: OPERATOR, approver: APPROVER, admin: PERMISSIONS };

/** Nodes, host keys, tokens and users are the admin's: the console dials only what an admin registered. */
export const roleMay = (role: Role, permission: Permission): boolean => GRANTS[role].includes(permission);

/** Read or done node by node, or one's own: holding them for some nodes is worth something. The others are about the console as a whole. */
const OF_NODES = /^(fleet|node|proxy|config|run|incident|silence|self)\.|^(alert|audit|runbook)\.read$/;
export const isOfNodes = (permission: Permission): boolean => OF_NODES.test(permission);
