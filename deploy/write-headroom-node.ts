// Writes deploy/headroom-node anew from lib/server/ssh/scripts: `node deploy/write-headroom-node.ts`.
import fs from 'node:fs';
import path from 'node:path';
import { helperProgram } from '#server/ssh/scripts/helper.ts';

const file = path.join(import.meta.dirname, 'headroom-node');
fs.writeFileSync(file, helperProgram());
fs.chmodSync(file, 0o755);
