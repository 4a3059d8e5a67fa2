import { readOwnSshConfig } from '#server/nodes/index.ts';
import { handle } from '../../../_http/handle.ts';

/** The hosts of ~/.ssh/config of the account that the console runs as. It is about the console as a whole: an admin's of every node. */
export const GET = handle({ permission: 'user.write' }, () => readOwnSshConfig());
