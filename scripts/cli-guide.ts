// Writes docs/cli.md from the table of commands: after a change of it, run node scripts/cli-guide.ts
import fs from 'node:fs';
import path from 'node:path';
import { cliGuide } from '#cli/guide.ts';

fs.writeFileSync(path.resolve(import.meta.dirname, '../docs/cli.md'), cliGuide());
