import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, openLab, widget } from './harness.mjs';

const ID = 'train-toy';
const meanOf = (page) => page.locator(`[data-id="${ID}"] .toy-mean .num`).first();
const idle = (page) => page.waitForFunction((id) => document.querySelector(`[data-id="${id}"] .toy-buttons .button:nth-child(2)`)?.disabled === false, ID, { timeout: 60000 }); // a busy machine tries slowly
const press = async (page, name) => {
  await page.locator(`[data-id="${ID}"]`).getByRole('button', { name, exact: true }).click();
  await idle(page);
};

test('Train: a hundred steps by trying have the known losses', async () => {
  const { page, close, value } = await openLab({ hash: `#${ID}` });
  const place = await widget(page, ID);
  assert.equal(await meanOf(page).textContent(), '1.151060');
  assert.equal(await place.locator('.toy-floor .num').textContent(), '0.562335');
  assert.equal(await place.locator('.toy-panel h4').first().textContent(), '12 examples');
  await press(page, 'Train');
  assert.deepEqual(await place.locator('.toy-log .num').allTextContents(), ['1.151060', '1.047990', '0.709707', '0.696431', '0.689195']);
  assert.equal(await meanOf(page).textContent(), '0.689195');
  assert.match(await place.locator('.toy-badge').textContent(), /100 steps/);
  assert.ok(Math.abs(await value(await meanOf(page).getAttribute('data-trace')) - 0.689195301213) < 1e-9);
  assert.ok(await checkNumbers(page, `[data-id="${ID}"]`) > 100);
  await press(page, 'Undo');
  assert.equal(await meanOf(page).textContent(), '1.151060');
  await close();
});

test('Train by backward comes to the same', async () => {
  const { page, close } = await openLab({ hash: `#${ID}?method=backward` });
  const place = await widget(page, ID);
  assert.ok(await place.getByRole('radio', { name: 'by backward' }).isChecked());
  await press(page, 'Train');
  assert.deepEqual(await place.locator('.toy-log .num').allTextContents(), ['1.151060', '1.047990', '0.709707', '0.696431', '0.689195']);
  await close();
});

test('Step, Untrain, Restore pinned, by keyboard', async () => {
  const { page, close } = await openLab({ hash: `#${ID}` });
  const place = await widget(page, ID);
  const first = await place.locator('.edge').first().getAttribute('stroke-width');
  await place.getByRole('button', { name: /^Step/ }).focus();
  await page.keyboard.press('Enter');
  await idle(page);
  assert.match(await place.locator('.toy-badge').textContent(), /1 steps?/);
  assert.match(await place.locator('.toy-log').textContent(), /after b comes c/);
  await place.getByRole('button', { name: 'Untrain' }).focus();
  await page.keyboard.press('Space');
  await idle(page);
  assert.equal(await place.locator('.toy-badge').textContent(), 'random weights');
  assert.notEqual(await place.locator('.edge').first().getAttribute('stroke-width'), first);
  await checkNumbers(page, `[data-id="${ID}"]`);
  await press(page, 'Restore pinned');
  assert.equal(await meanOf(page).textContent(), '1.151060');
  await close();
});

test('words: two that contradict each other, and some that are none', async () => {
  const { page, close } = await openLab({ hash: `#${ID}` });
  const place = await widget(page, ID);
  await place.locator('textarea').fill('ab ac xyz a');
  await place.locator('textarea').blur();
  await page.waitForFunction(() => document.querySelector('.toy-floor .num')?.textContent === '0.346574');
  assert.match(await place.locator('.toy-bad').textContent(), /xyz, a/);
  assert.equal(await place.locator('.toy-panel h4').first().textContent(), '4 examples');
  await checkNumbers(page, `[data-id="${ID}"]`);
  await close();
});

test('chat: goes on until BOS or for eight tokens; by touch', async () => {
  const { page, close } = await openLab({ hash: `#${ID}`, width: 375, context: { hasTouch: true, reducedMotion: 'reduce' } });
  const place = await widget(page, ID);
  await place.getByLabel('Type BOS, a, b or c').fill('x');
  await place.getByRole('button', { name: 'Send' }).tap();
  assert.match(await place.locator('.toy-bad').textContent(), /BOS, a, b and c only/);
  for (const one of ['BOS', 'a', 'b', 'c']) {
    await place.getByLabel('Type BOS, a, b or c').fill(one);
    await page.keyboard.press('Enter');
    await page.waitForTimeout(50);
    await idle(page);
  }
  const said = await place.locator('.toy-talk p').allTextContents();
  assert.equal(said.length, 4);
  for (const line of said) {
    const tokens = line.replace(/\(.*\)/, '').split('→').map((token) => token.trim()).slice(1);
    assert.ok(tokens.length <= 8 && (tokens.at(-1) === 'BOS' || tokens.length === 8), line);
    assert.ok(tokens.every((token) => ['BOS', 'a', 'b', 'c'].includes(token)), line);
  }
  await close();
});
