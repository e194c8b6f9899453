import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, openLab, widget } from './harness.mjs';

test('temperature: entropy of the trained model, presets, prefix', async () => {
  const { page, close, value } = await openLab({ hash: '#temperature' });
  const figure = await widget(page, 'temperature');
  const entropy = () => figure.locator('.temperature-now .num').nth(1);
  const shows = async (source) => {
    const right = (await value(source)).toFixed(3);
    await page.waitForFunction((text) => document.querySelectorAll('.temperature-now .num')[1].textContent === text, right);
  };
  await shows('next?model=trained&prefix=&t=0.5#entropy');
  for (const t of ['0.1', '1.0', '1.5']) {
    await figure.getByRole('button', { name: t, exact: true }).click();
    await shows(`next?model=trained&prefix=&t=${Number(t)}#entropy`);
  }
  await figure.getByRole('slider').focus();
  await page.keyboard.press('End');
  await shows('next?model=trained&prefix=&t=2#entropy');
  await figure.locator('.temperature-prefix input').fill('q');
  await shows('next?model=trained&prefix=q&t=2#entropy');
  assert.equal(await figure.locator('.temperature-now code').first().textContent(), 'a');
  await checkNumbers(page, '[data-id="temperature"]');
  assert.ok(Number(await entropy().textContent()) < Math.log2(27));
  await close();
});

test('temperature: made-up logits, by keyboard and touch', async () => {
  const { page, close } = await openLab({ hash: '#temperature?logits=made-up', width: 375, context: { hasTouch: true } });
  const figure = await widget(page, 'temperature');
  const bits = [];
  for (const t of ['0.1', '0.5', '1.0', '1.5']) {
    await figure.getByRole('button', { name: t, exact: true }).tap();
    await page.waitForFunction((text) => document.querySelector('[data-id="temperature"] .columns').getAttribute('aria-label').includes(text), `${t}0`);
    bits.push(Number(await figure.locator('.temperature-now .num').nth(1).textContent()));
  }
  assert.deepEqual([...bits].sort((a, b) => a - b), bits);
  await figure.locator('[data-column="0"]').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await figure.locator('.temperature-now code').nth(1).textContent(), 'b');
  await checkNumbers(page, '[data-id="temperature"]');
  await close();
});
