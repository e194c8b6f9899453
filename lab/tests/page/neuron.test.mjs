// The neuron chapter's widgets: their numbers, and each control by mouse, keyboard and touch.
import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, openLab, read, shows, slider, widget } from './harness.mjs';

const valueOf = async (place, name, value) => value((await read(place, name)).source);

test('one neuron: shift, scale, bend', async () => {
  const { page, value, close } = await openLab({ hash: '#neuron' });

  const bias = await widget(page, 'neuron-bias');
  await shows(bias, 'a', '1.0');
  await slider(bias, 'x').fill('3');
  await shows(bias, 'a', '2.0');
  await slider(bias, 'b').press('ArrowRight');
  await shows(bias, 'a', '2.1');
  await checkNumbers(page, '[data-id="neuron-bias"]');

  const weight = await widget(page, 'neuron-weight');
  await shows(weight, 'z', '3.00');
  await shows(weight, 'a', '2.00');
  await slider(weight, 'w').fill('-2');
  await shows(weight, 'a', '−5.00');
  await checkNumbers(page, '[data-id="neuron-weight"]');

  const relu = await widget(page, 'neuron-relu');
  await shows(relu, 'a', '2.00');
  assert.match(await relu.locator('.state').textContent(), /^Active/);
  for (const [name, to] of [['w', '2'], ['b', '-3'], ['x', '1']]) await slider(relu, name).fill(to);
  await shows(relu, 'z', '−1.00');
  await shows(relu, 'a', '0.00');
  assert.match(await relu.locator('.state').textContent(), /^Inactive/);
  await slider(relu, 'x').fill('4');
  await shows(relu, 'a', '5.00');
  await slider(relu, 'x').fill('1.5');
  await shows(relu, 'z', '0.00');
  assert.equal(await valueOf(relu, 'a', value), 0);
  await checkNumbers(page, '[data-id="neuron-relu"]');
  await close();
});

test('many inputs, and zip()', async () => {
  const { page, value, close } = await openLab({ hash: '#inputs' });
  const inputs = await widget(page, 'neuron-inputs');
  await shows(inputs, 'a', '1.54');
  assert.ok(Math.abs((await valueOf(inputs, 'z', value)) - 1.54) < 1e-12);
  await slider(inputs, 'w₂').fill('2');
  await shows(inputs, 'a', '0.00');
  assert.equal(await inputs.locator('.edge.negative').count(), 0);

  const zip = await widget(page, 'zip-figure');
  await shows(zip, 'sum', '−0.13');
  assert.ok(Math.abs((await valueOf(zip, 'sum', value)) + 0.13) < 1e-12);
  for (const [name, text] of [['p1', '0.20'], ['p2', '−0.21'], ['p3', '−0.12']]) await shows(zip, name, text);
  await zip.getByRole('button', { name: 'Reset' }).click();
  assert.equal(await zip.locator('.zip [data-trace]').count(), 0);
  await zip.getByRole('button', { name: 'Next step' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.equal(await zip.locator('.zip [data-trace]').count(), 2);
  await page.keyboard.press('End');
  assert.equal(await zip.locator('.zip [data-trace]').count(), 4);
  await checkNumbers(page, '#neuron');
  await close();
});

test('the network: inputs, chance and reset, by touch', async () => {
  const { page, close } = await openLab({ hash: '#neuron', width: 375, context: { hasTouch: true } });
  const preview = await widget(page, 'network-preview');
  const first = await preview.locator('[data-trace$="#y1"]').first().textContent();
  const lines = () => preview.locator('.graph .edge').evaluateAll((all) => all.map((one) => one.getAttribute('stroke-width')).join(' '));
  const before = await lines();
  assert.equal(await preview.locator('.graph .edge').count(), 20);
  await preview.getByRole('button', { name: /Randomize/ }).tap();
  await page.waitForFunction((old) => [...document.querySelectorAll('[data-id="network-preview"] .graph .edge')].map((one) => one.getAttribute('stroke-width')).join(' ') !== old, before);
  await checkNumbers(page, '[data-id="network-preview"]');
  await preview.getByRole('button', { name: 'Reset' }).tap();
  await shows(preview, 'y1', first);
  await slider(preview, 'x₁').fill('-1');
  await page.waitForFunction((old) => document.querySelector('[data-id="network-preview"] [data-trace$="#y1"]').textContent !== old, first);
  await checkNumbers(page, '[data-id="network-preview"]');
  await close();
});

test('a link carries the state of a widget', async () => {
  const { page, close } = await openLab({ hash: '#neuron-weight?at=4,-0.5,1' });
  const weight = await widget(page, 'neuron-weight');
  await shows(weight, 'a', '−1.00');
  await slider(weight, 'x').fill('2');
  await shows(weight, 'a', '0.00');
  await weight.locator('[data-copy-link]').click();
  assert.equal(new URL(page.url()).hash, '#neuron-weight?at=2,-0.5,1');
  await close();
});
