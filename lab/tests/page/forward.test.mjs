// The network with a landscape, and the game with a hidden one.
import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, openLab, read, shows, slider, until, widget } from './harness.mjs';

/** The loss of two networks, computed here. */
function meanSquare(mine, other, x3) {
  const relu = Math.max.bind(null, 0);
  const a = ([w1, w2, w3, b1, b2, b3], x1, x2) => relu(relu(w1 * x1 + w2 * x2 + b1) + relu(w3 * x3 + b2) + b3);
  let sum = 0;
  for (let i = 0; i < 14; ++i) for (let j = 0; j < 14; ++j) sum += (a(mine, -3 + (6 * i) / 13, -3 + (6 * j) / 13) - a(other, -3 + (6 * i) / 13, -3 + (6 * j) / 13)) ** 2;
  return sum / 196;
}

test('six knobs and a landscape', async () => {
  const { page, value, close } = await openLab({ hash: '#surface-network' });
  const surface = await widget(page, 'surface-network');
  assert.ok(Math.abs((await value((await read(surface, 'a')).source)) - 2.7) < 1e-12);
  assert.equal((await read(surface, 'h1')).text, '1.70');

  await slider(surface, 'w₁').fill('-2');
  await shows(surface, 'a', '1.00');
  await slider(surface, 'b₃').press('ArrowRight');
  await shows(surface, 'a', '1.05');
  await surface.locator('summary').click();
  await checkNumbers(page, '[data-id="surface-network"]');

  const facets = () => surface.locator('.facet').first().getAttribute('points');
  let before = await facets();
  const turned = async () => { const now = await facets(); const is = now !== before; before = now; return is; };
  const box = await surface.locator('.landscape').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 + 30, { steps: 4 });
  await page.mouse.up();
  assert.ok(await turned(), 'by mouse');
  await surface.locator('.landscape').focus();
  await page.keyboard.press('ArrowLeft');
  assert.ok(await turned(), 'by keyboard');
  for (const name of ['Turn left', 'Turn right', 'More from above', 'More from the side', 'Reset view']) {
    await surface.getByRole('button', { name }).click();
    assert.ok(await turned(), name);
  }
  await surface.getByRole('button', { name: /Randomize/ }).click();
  await until(() => surface.locator('.node-line').allTextContents(), (texts) => texts.join() !== '');
  await checkNumbers(page, '[data-id="surface-network"]');
  await close();
});

test('the game', async () => {
  const { page, value, close } = await openLab({ hash: '#surface-network-2' });
  const game = await widget(page, 'surface-network-2');
  const first = [0.8, -0.6, 0.5, 0.2, 0, 0];
  const hidden = [-0.9, 1.1, 0.7, 0.6, -0.4, -0.3];
  const start = await read(game, 'loss');
  assert.ok(Math.abs((await value(start.source)) - meanSquare(first, hidden, 2)) < 1e-9);
  assert.equal(await game.locator('.wire').count(), 22);
  assert.match(await game.locator('.state').textContent(), /wanted/);

  // By hand: each knob to where the hidden network has it. Every nudge is a point of the history.
  const names = ['w₁', 'w₂', 'w₃', 'b₁', 'b₂', 'b₃'];
  await game.getByRole('button', { name: 'Peek' }).click();
  const peeked = await game.locator('.peek tbody tr').first().locator('td').allTextContents();
  assert.deepEqual(peeked.map((text) => Number(text.replace('−', '-'))), hidden);
  for (const [i, name] of names.entries()) {
    const now = await read(game, 'loss');
    await slider(game, name).fill(String(hidden[i]));
    await until(() => read(game, 'loss'), ({ source }) => source !== now.source);
  }
  assert.match(await game.locator('.state').textContent(), /done/);
  assert.equal((await read(game, 'loss')).text, '0.0000');
  assert.match(await game.locator('.history svg').getAttribute('aria-label'), /7 nudges/);
  await checkNumbers(page, '[data-id="surface-network-2"]');

  // Worse again: the best stays, and there is a way back to it.
  await slider(game, 'b₁').fill('-1');
  const worse = await until(() => read(game, 'loss'), ({ text }) => text !== '0.0000');
  assert.notEqual(worse.text, '0.0000');
  await game.getByRole('button', { name: 'Back to it' }).click();
  await shows(game, 'loss', '0.0000');

  await game.getByRole('button', { name: 'New target' }).click();
  const fresh = await until(() => read(game, 'loss'), ({ text }) => text !== '0.0000');
  assert.ok(Number(fresh.text) > 0.4);
  await game.getByRole('button', { name: 'Stop' }).click();
  await until(() => game.locator('.wire').count(), 0);
  await game.getByRole('button', { name: /Find a hidden/ }).click();
  await until(() => game.locator('.wire').count(), 22);
  await checkNumbers(page, '[data-id="surface-network-2"]');
  await close();
});

test('turns by touch', async () => {
  const { page, context, close } = await openLab({ hash: '#surface-network', width: 375, context: { hasTouch: true } });
  const surface = await widget(page, 'surface-network');
  await surface.locator('.landscape').scrollIntoViewIfNeeded();
  const before = await surface.locator('.facet').first().getAttribute('points');
  const box = await surface.locator('.landscape').boundingBox();
  const touch = await context.newCDPSession(page);
  const y = box.y + box.height / 2;
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: box.x + 80, y }] });
  for (let x = 90; x <= 200; x += 10) await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: box.x + x, y }] });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  assert.notEqual(await surface.locator('.facet').first().getAttribute('points'), before);
  await close();
});
