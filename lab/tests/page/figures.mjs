// Pictures of every chapter in both themes and widths: usage: figures.mjs FOLDER [CHAPTER...]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chapter, openLab } from './harness.mjs';

const [folder, ...only] = process.argv.slice(2);
if (!folder) {
  console.error('usage: figures.mjs FOLDER [CHAPTER...]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const theme of ['light', 'dark']) {
  for (const width of [1280, 375]) {
    const { page, close } = await openLab({ theme, width });
    const ids = await page.locator('article.chapter').evaluateAll((all) => all.map((one) => one.id));
    for (const id of ids.filter((one) => only.length === 0 || only.includes(one))) {
      const place = await chapter(page, id);
      await place.screenshot({ path: join(folder, `${id}-${theme}-${width}.png`) });
    }
    await close();
  }
}
