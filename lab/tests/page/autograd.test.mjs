// The autograd chapter's widgets: exact numbers, steps, tabs, and the wrong backward pass.
import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, near, openLab, slider, until, widget } from './harness.mjs';

/** Rows of the table that says the same as the picture. */
const rows = (place) => place.locator('.figure-table tbody tr').evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

test('what a Value remembers', async () => {
  const { page, close } = await openLab({ hash: '#value-stages' });
  const stages = await widget(page, 'value-stages');
  await until(() => rows(stages), [['a', '−6.0', 'none'], ['b', '7.0', 'none'], ['c = a + b', '1.0', 'a, b']]);
  await stages.getByRole('tab', { name: /just data/ }).click();
  assert.equal((await rows(stages)).length, 2);
  await page.keyboard.press('ArrowRight');
  assert.equal(await stages.locator('.graph .edge').count(), 0);
  await page.keyboard.press('ArrowRight');
  assert.equal(await stages.locator('.graph .edge').count(), 3);
  await stages.getByLabel('a', { exact: true }).fill('2.25');
  await until(async () => (await rows(stages))[2][1], '9.25');
  await stages.getByLabel('a', { exact: true }).fill('much');
  await stages.getByRole('alert').waitFor();
  await stages.getByRole('button', { name: 'Undo' }).click();
  assert.equal(await stages.getByLabel('a', { exact: true }).inputValue(), '2.25');
  assert.equal(await stages.getByRole('alert').count(), 0);

  const tabs = await widget(page, 'value-tabs');
  const said = () => tabs.locator('.shell [data-trace]').allTextContents();
  assert.deepEqual(await said(), ['−6.0', '7.0']);
  await tabs.getByRole('tab', { name: 'Operators' }).click();
  assert.deepEqual(await said(), ['−42.0', '−32.0']);
  await tabs.getByRole('tab', { name: 'Children' }).click();
  assert.deepEqual(await said(), ['6.0', '8.0']);
  await tabs.getByRole('tab', { name: /backward/ }).click();
  assert.deepEqual(await said(), ['1.0', '1.0', '4.0', '2.0']);
  for (const word of ['__radd__', '__rsub__', '__rmul__', '__truediv__', '__rtruediv__', 'relu', 'def backward']) {
    assert.ok((await tabs.locator('pre').first().textContent()).includes(word), word);
  }
  await checkNumbers(page, '[data-id="value-stages"]');
  await checkNumbers(page, '[data-id="value-tabs"]');
  await close();
});

test('backward through four graphs', async () => {
  const { page, close } = await openLab({ hash: '#backprop-shapes' });
  const shapes = await widget(page, 'backprop-shapes');
  const grads = async () => Object.fromEntries((await rows(shapes)).map(([name, , now]) => [name, now]));
  const wanted = [
    ['c = a + b', { a: '1.0', b: '1.0', c: '1.0' }],
    ['c = a × b', { a: '3.0', b: '4.0', c: '1.0' }],
    ['L = a × b + a', { a: '4.0', b: '2.0', c: '1.0', L: '1.0' }],
    ['loss = (w × x + b − y)²', { loss: '1.0', err: '−6.0', ŷ: '−6.0', y: '6.0', '−y': '−6.0', z: '−6.0', b: '−6.0', w: '−18.0', x: '−12.0' }],
  ];
  for (const [name, all] of wanted) {
    await shapes.getByRole('tab', { name, exact: true }).click();
    const next = shapes.getByRole('button', { name: 'Next step' });
    await next.click();
    await checkNumbers(page, '[data-id="backprop-shapes"]');
    while (await next.isEnabled()) await next.click();
    const got = await grads();
    assert.deepEqual(got, Object.fromEntries(Object.keys(got).map((key) => [key, all[key]])));
    assert.equal(Object.keys(got).length, Object.keys(all).length);
    await checkNumbers(page, '[data-id="backprop-shapes"]');
  }
  assert.match(await shapes.locator('.player-count').textContent(), /step 6 of 6/);
  await shapes.getByRole('button', { name: 'Back' }).focus();
  await page.keyboard.press('Home');
  assert.deepEqual([...new Set(Object.values(await grads()))], ['0']);
  assert.equal(await shapes.locator('.topo-node').count(), 10);
  await shapes.getByRole('tab', { name: 'L = a × b + a', exact: true }).click();
  await shapes.getByRole('button', { name: 'Play' }).click();
  await page.waitForFunction(() => /step 1 /.test(document.querySelector('[data-id="backprop-shapes"] .player-count').textContent));
  await shapes.getByRole('button', { name: 'Pause' }).click();
  await page.keyboard.press('ArrowRight');
  assert.equal((await grads()).a, '1.0', 'the direct way first');
  await close();
});

test('a neuron by hand, by touch', async () => {
  const { page, close } = await openLab({ hash: '#by-hand', width: 375, context: { hasTouch: true } });
  const hand = await widget(page, 'by-hand');
  const column = async (i) => (await rows(hand)).map((row) => row[i]);
  assert.deepEqual(await column(1), ['2.00', '1.50', '−1.00', '?', '?', '?']);
  await hand.getByRole('button', { name: 'Run forward' }).tap();
  assert.deepEqual(await column(1), ['2.00', '1.50', '−1.00', '3.00', '2.00', '2.00']);
  assert.deepEqual(await column(2), ['?', '?', '?', '?', '?', '?']);
  await hand.getByRole('button', { name: 'Run backward' }).tap();
  assert.deepEqual(await column(2), ['1.50', '2.00', '1.00', '1.00', '1.00', '1.00']);
  await checkNumbers(page, '[data-id="by-hand"]');
  await slider(hand, 'b').fill('-4');
  await until(async () => (await column(1))[5], '0.00');
  assert.equal((await column(2))[0], '?', 'to be guessed anew');
  await hand.getByRole('button', { name: 'Run backward' }).tap();
  assert.deepEqual(await column(2), ['0.00', '0.00', '0.00', '0.00', '0.00', '1.00']);
  await checkNumbers(page, '[data-id="by-hand"]');
  await hand.getByRole('button', { name: 'Reset' }).tap();
  await until(() => column(1), ['2.00', '1.50', '−1.00', '?', '?', '?']);
  await close();
});

test('a hurried backward pass is wrong where it says so', async () => {
  const { page, value, close } = await openLab({ hash: '#wrong-backward' });
  const wrong = await widget(page, 'wrong-backward');
  const a = async () => (await rows(wrong))[0].slice(2);
  assert.deepEqual(await a(), ['4.0', '6.0']);
  assert.match(await wrong.locator('.verdict').textContent(), /✗/);
  // The engine's own recursion and the calls one by one come to the same.
  for (const [name, right, hurried] of [['c = b + b, b = a + a', 4, 6], ['c = b + b, b = a**2', 4, 6], ['c = b**2, b = a + a', 8, 8], ['c = b**2, b = a**3', 6, 6]]) {
    await wrong.getByRole('tab', { name, exact: true }).click();
    await wrong.getByRole('button', { name: 'Reset' }).waitFor();
    await wrong.getByRole('button', { name: 'Next step' }).focus();
    await page.keyboard.press('End');
    const [inOrder, inHurry] = await wrong.locator('.verdict [data-trace]').evaluateAll((all) => all.map((one) => one.dataset.trace));
    assert.deepEqual([await value(inOrder), await value(inHurry)], [right, hurried]);
    const steps = await wrong.locator('.calls li').filter({ hasText: /^a\.grad/ }).last().locator('[data-trace]').last().getAttribute('data-trace');
    near(await value(steps), hurried, 1e-9);
    assert.match(await wrong.locator('.verdict').textContent(), right === hurried ? /✓/ : /✗/);
    await checkNumbers(page, '[data-id="wrong-backward"]');
  }
  await close();
});

test('four steps downhill', async () => {
  const { page, value, close } = await openLab({ hash: '#gradient-descent' });
  const descent = await widget(page, 'gradient-descent');
  const exact = [
    [2, 1, 7, -3, 9, -18, -6],
    [2.36, 1.12, 8.2, -1.8, 3.24, -10.8, -3.6],
    [2.576, 1.192, 8.92, -1.08, 1.1664, -6.48, -2.16],
    [2.7056, 1.2352, 9.352, -0.648, 0.419904, -3.888, -1.296],
    [2.78336, 1.26112, 9.6112, -0.3888, 0.15116544, -2.3328, -0.7776],
  ];
  const shown = (await rows(descent)).map((row) => row.slice(1).map((text) => Number(text.replace('−', '-'))));
  assert.deepEqual(shown, exact);
  const sources = await descent.locator('.figure-table tbody tr').evaluateAll((all) => all.map((row) => [...row.querySelectorAll('[data-trace]')].map((one) => one.dataset.trace)));
  for (const [i, row] of sources.entries()) {
    for (const [j, source] of row.entries()) near(await value(source), exact[i].slice(-row.length)[j], 1e-9);
  }
  const next = descent.getByRole('button', { name: 'Next step' });
  for (let step = 1; step <= 4; ++step) {
    await next.click();
    assert.equal(await descent.locator('.guess.ghost').count(), step);
    assert.equal(await descent.locator('.bars li').count(), step + 1);
    assert.equal(await descent.locator('.descent-table tbody tr').count(), step + 1);
  }
  assert.ok(await next.isDisabled());
  await checkNumbers(page, '[data-id="gradient-descent"]');
  assert.match(await descent.locator('.figure-note').textContent(), /= 0\.6\.\s+It shrinks/);
  await slider(descent, 'learning rate').fill('0.12');
  await until(async () => (await descent.locator('.figure-note').textContent()).includes('grows'), true);
  await checkNumbers(page, '[data-id="gradient-descent"]');
  await slider(descent, 'learning rate').fill('0.05');
  await until(async () => (await rows(descent))[1][5], '0.0');
  await descent.getByRole('button', { name: 'Reset' }).click();
  assert.equal(await descent.locator('.guess.ghost').count(), 0);
  await close();
});

test('the card of a number of an expression says what it is made of', async () => {
  const { page, close } = await openLab({ hash: '#by-hand?run=backward' });
  const hand = await widget(page, 'by-hand');
  const card = page.locator('dialog.card');
  await hand.locator('.chain-rule [data-trace$="#z"]').click();
  await until(() => card.locator('.card-formula').first().allTextContents(), ['p + b']);
  assert.equal(await card.locator('.card-formula').nth(1).textContent(), '= 3 + (-1)');
  await card.getByRole('button', { name: /^p / }).click();
  await until(() => card.locator('.card-formula').first().allTextContents(), ['x * w']);
  await page.keyboard.press('Escape');
  await hand.locator('.chain-rule [data-trace$="#grad(w)"]').first().click();
  await until(() => card.locator('.card-value').first().textContent(), '2');
  await page.keyboard.press('Escape');
  assert.equal(await card.isVisible(), false);
  await close();
});
