import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, openLab, widget } from './harness.mjs';

test('tally: nine matrices, 4,192 in all; a row opens', async () => {
  const { page, close } = await openLab({ hash: '#tally', width: 375, context: { hasTouch: true } });
  const tally = await widget(page, 'tally');
  assert.deepEqual(await tally.locator('.tally .num').allTextContents(), ['432', '256', '432', '256', '256', '256', '256', '1,024', '1,024', '4,192']);
  await tally.getByRole('button', { name: 'Show the numbers of wte' }).tap();
  assert.equal(await tally.locator('.tally .cell').count(), 27 * 16);
  await tally.getByRole('button', { name: 'Show the numbers of wte' }).press('Enter');
  assert.equal(await tally.locator('.tally .cell').count(), 0);
  await checkNumbers(page, '[data-id="tally"]');
  await close();
});

test('gpt: seventeen groups, kin light up, twelve steps', async () => {
  const { page, close } = await openLab({ hash: '#annotated-gpt' });
  const gpt = await widget(page, 'annotated-gpt');
  assert.equal(await gpt.locator('.figure-table tbody tr').count(), 17);
  assert.equal(await gpt.locator('.gpt-steps button').count(), 12);
  const lit = (kind) => gpt.locator(`.gpt-line.${kind}`).allTextContents();
  const line = (text) => gpt.locator('button.gpt-line', { hasText: text });
  await line('"attn_wq"').hover();
  assert.match((await lit('lit')).join(), /wq/);
  assert.match((await lit('kin')).join(), /wk.*wv/);
  assert.match(await gpt.locator('.gpt-note').textContent(), /−0\.22.*0\.35/);
  await line('"attn_wk"').hover();
  assert.equal((await lit('lit')).length, 2);
  await line('x_residual = x').first().hover();
  assert.equal((await lit('lit')).length, 4);
  await line('tok_emb =').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal((await lit('lit')).length, 1);
  await page.keyboard.press('Escape');
  await gpt.locator('.gpt-steps button').nth(6).click();
  assert.match((await lit('lit')).join(), /weights = softmax/);
  await checkNumbers(page, '[data-id="annotated-gpt"]');
  await close();
});
