// Takes the pictures of the guides (docs/pictures/*.webp), and those that the gallery is held against (test/e2e/gallery/*.webp), from the built pages over a
// made-up fleet, with a run that the real engine made on a simulated node. The clock stands, so that the same pages give the same picture.
//   node scripts/build.mjs && node scripts/pictures.ts [name…]
import fs from 'node:fs';
import path from 'node:path';
import { PICTURES } from '#test/e2e/support/picture-list.ts';
import { openStudio } from '#test/e2e/support/studio.ts';

const root = path.join(import.meta.dirname, '..');
const asked = process.argv.slice(2);
const studio = await openStudio();
try {
  for (const name of asked.length > 0 ? asked : Object.keys(PICTURES)) {
    const bytes = await studio.take(name);
    const { file } = PICTURES[name] ?? { file: `${name}.webp` };
    fs.writeFileSync(path.join(root, file), bytes);
    console.log(`${file}: ${Math.round(bytes.length / 1000)} kB`);
  }
} finally {
  await studio.close();
}
process.exit(0);
