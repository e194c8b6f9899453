// Pictures of every chapter in both themes and widths: usage: figures.mjs FOLDER [CHAPTER...]
//
// A chapter is one to many pictures, ID-THEME-WIDTH-1.png and on, each as high as SLICE: a picture of a whole
// long chapter takes more time than a busy machine has. `first-...` is what a reader sees at once.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chapter, openLab } from './harness.mjs';

const SLICE = 1600;

const [folder, ...only] = process.argv.slice(2);
if (!folder) {
  console.error('usage: figures.mjs FOLDER [CHAPTER...]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [theme, width] of [['light', 1280], ['dark', 375], ['dark', 1280], ['light', 375]]) {
  const { page, close } = await openLab({ theme, width });
  page.setDefaultTimeout(60000);
  const picture = (name) => page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
  await picture('first');
  await page.setViewportSize({ width, height: SLICE });
  const ids = await page.locator('article.chapter').evaluateAll((all) => all.map((one) => one.id));
  for (const id of ids.filter((one) => only.length === 0 || only.includes(one))) {
    await page.evaluate((shown) => {
      for (const one of document.querySelectorAll('.chapter, .top, .foot')) one.hidden = one.id !== shown;
    }, id);
    await chapter(page, id);
    const height = await page.locator(`#${id}`).evaluate((place) => place.offsetTop + place.offsetHeight);
    for (let from = 0, part = 1; from < height; from += SLICE, ++part) {
      await page.evaluate((y) => window.scrollTo(0, y), from);
      await page.waitForTimeout(60);
      await page.screenshot({ path: join(folder, `${id}-${part}-${theme}-${width}.png`), clip: { x: 0, y: Math.max(0, from + SLICE - Math.max(height, SLICE)), width, height: Math.min(SLICE, height - from) } });
    }
  }
  await close();
}
