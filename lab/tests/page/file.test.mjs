// The page opened as a file: one script, the engine in the page itself, nothing fetched.
import test from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNumbers, openLab, site, widget } from './harness.mjs';

const address = pathToFileURL(join(site, 'index.html')).href;

test('opened as a file, the page comes alive', async () => {
  const { page, value, close } = await openLab({ address, hash: '#attention-playground?q=1,0.5' });
  assert.match(page.url(), /\/text\.html#attention-playground\?q=1,0\.5$/); // the hash too
  const playground = await widget(page, 'attention-playground');
  assert.deepEqual(await playground.locator('input[type=range]').evaluateAll((all) => all.slice(0, 2).map((one) => one.value)), ['1', '0.5']);
  const chat = await widget(page, 'chat-2');
  await chat.locator('.chat-form input').fill('ka');
  await chat.locator('.chat-form input').press('Enter');
  await chat.locator('.chat-turn.model').nth(1).locator('.chat-name').first().waitFor();
  assert.match(await chat.locator('.chat-name').last().innerText(), /^ka/);
  for (const id of ['tokenizer-2', 'train-toy', 'train-real', 'atlas-2', 'tape-walk', 'arena']) await widget(page, id);
  await checkNumbers(page, '#attention');
  assert.equal(await value('toy#pos2.tok_emb[0]'), -0.3);
  assert.equal(await page.locator('[data-live="failed"]').count(), 0);
  assert.equal(await page.locator('#notice').isHidden(), true);
  await close();
});

test('a list is trained there too', async () => {
  const { page, close } = await openLab({ address });
  const compare = await widget(page, 'compare-runs');
  await compare.getByRole('button', { name: 'Compare' }).click();
  await compare.locator('svg.plot').waitFor();
  await close();
});
