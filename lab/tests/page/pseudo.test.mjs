// The page in a language that nobody speaks: every message is marked ⟦so~⟧, with other vowels, and longer.
// What is not marked did not come from messages/; what is too narrow for another language shows.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLab, program, root, serve, site, tooWide, widget } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lab-pseudo-'));
let address;

before(async () => {
  const out = join(folder, 'site');
  execFileSync('node', [join(root, 'lab/build/build.mjs'), '--out', out, '--wasm', site, '--program', program],
    { env: { ...process.env, LAB_LOCALE: 'pseudo' }, stdio: ['ignore', 'ignore', 'pipe'] });
  address = (await serve(out)).address;
}, { timeout: 120000 });
after(() => rmSync(folder, { recursive: true, force: true }));

test('every word of a widget is a message, and has room', async () => {
  const { page, close } = await openLab({ address, width: 375 });
  const ids = await page.locator('[data-widget]').evaluateAll((all) => all.map((one) => one.dataset.id));
  for (const id of ids) await widget(page, id);
  const bare = await page.evaluate(() => {
    // What is code, a name, a token or a number is the same in every language.
    const same = 'code, pre, kbd, samp, math, .num, .cell, .chip, .chat-name, .run-names, [lang], [translate=no]';
    const words = (text) => text.match(/\p{L}{2,}(?: \p{L}+)+/gu) ?? [];
    const found = [];
    for (const place of document.querySelectorAll('[data-widget]')) {
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      let depth = 0;
      let outside = '';
      const end = () => {
        for (const one of words(outside)) found.push(`${place.dataset.id}: ${one}`);
        outside = '';
      };
      let block = null;
      while (walker.nextNode()) {
        const node = walker.currentNode;
        if (node.parentElement.closest(same)) continue;
        if (node.parentElement !== block) end();
        block = node.parentElement;
        for (const character of node.data) {
          if (character === '⟦') ++depth;
          else if (character === '⟧') --depth;
          else outside += depth === 0 ? character : '|';
        }
      }
      end();
      for (const element of place.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
        for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
          const text = element.getAttribute(name) ?? '';
          let rest = text;
          while (/⟦[^⟦⟧]*⟧/.test(rest)) rest = rest.replace(/⟦[^⟦⟧]*⟧/g, '|');
          for (const one of words(rest)) found.push(`${place.dataset.id}: ${name}: ${one}`);
        }
      }
    }
    return [...new Set(found)];
  });
  assert.deepEqual(bare, []);
  assert.deepEqual(await tooWide(page, 375), []);
  await close();
});
