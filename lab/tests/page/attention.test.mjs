// Attention: words, steps, the playground, the table of all numbers, the way back.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, near, openLab, values, widget } from './harness.mjs';

test('the dictionary knows one key or none', async () => {
  const { page, close } = await openLab();
  const place = await widget(page, 'dictionary-figure');
  for (const [query, answer] of [['italy', 'Rome'], ['france', 'Paris'], ['usa', 'Washington DC'], ['unknown', 'error']]) {
    await place.locator(`.choice-option:has(input[value="${query}"])`).click();
    assert.ok((await place.locator('.answer').first().innerText()).includes(answer));
  }
  await checkNumbers(page, '#dictionary-figure');
  await close();
});

test('nine words, each with its best key and a sentence', async () => {
  const { page, close } = await openLab({ context: { hasTouch: true } });
  const place = await widget(page, 'word-attention');
  const words = place.locator('.word');
  assert.equal(await words.count(), 9);
  assert.ok((await place.locator('.explained').innerText()).startsWith('jumps'));
  const best = ['fox', 'fox', 'fox', 'brown', 'fox', 'dog', 'dog', 'dog', 'lazy'];
  const said = new Set();
  for (let i = 0; i < 9; ++i) {
    if (i === 3) await words.nth(i).tap();
    else await words.nth(i).click();
    await page.waitForFunction((n) => document.querySelectorAll('#word-attention .word')[n].classList.contains('query'), i);
    assert.equal((await place.locator('.scores tr.best th').innerText()).replace(' ★', ''), best[i]);
    said.add(await place.locator('.explained').innerText());
    const weights = await values(page, '#word-attention .weight .num');
    near(weights.reduce((sum, one) => sum + one, 0), 1, 1e-12);
    await checkNumbers(page, '#word-attention');
  }
  assert.equal(said.size, 9);
  await words.nth(8).focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelectorAll('#word-attention .word')[7].classList.contains('query'));
  await close();
});

test('eleven states of attention', async () => {
  const { page, value, close } = await openLab();
  const place = await widget(page, 'attention-steps');
  const next = place.locator('.player .button').nth(2);
  assert.ok((await place.locator('.player-count').innerText()).includes('0 of 10'));
  const formulas = new Set();
  for (let step = 0; step <= 10; ++step) {
    formulas.add(await place.locator('.sums').innerText());
    await checkNumbers(page, '#attention-steps .figure-picture');
    if (step < 10) await next.click();
  }
  assert.equal(formulas.size, 11);
  assert.equal(await next.isDisabled(), true);
  const sums = await values(page, '#attention-steps .cache td:last-child .num');
  [0.059920, -0.089881, 0.231791, -0.021132, 0.145141, 0.278202].forEach((one, i) => near(sums[i], one));
  near(await value('toy#pos2.layer0.attn_out[1]'), 0.209255);
  await next.evaluate((button) => button.closest('.player').querySelector('button').focus());
  await page.keyboard.press('Home');
  assert.ok((await place.locator('.player-count').innerText()).includes('0 of 10'));
  await page.keyboard.press('ArrowRight');
  assert.ok((await place.locator('.player-count').innerText()).includes('1 of 10'));
  await page.keyboard.press('ArrowLeft');
  await place.locator('.player .button').first().click(); // plays
  await page.waitForFunction(() => document.querySelector('#attention-steps .player-count').textContent.includes('1 of 10'));
  await place.locator('.player .button').first().click();
  await close();
});

test('the query by slider, keyboard, mouse and link', async () => {
  const { page, close } = await openLab();
  const place = await widget(page, 'attention-playground');
  const sliders = place.locator('input[type="range"]');
  assert.deepEqual(await sliders.evaluateAll((all) => all.map((one) => [one.min, one.max, one.step, one.value])), [['-1.5', '1.5', '0.01', '-0.22'], ['-1.5', '1.5', '0.01', '0.35']]);
  await checkNumbers(page, '#attention-playground');
  await sliders.first().focus();
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.querySelector('#attention-playground tr.best')?.textContent.includes('BOS'));
  await checkNumbers(page, '#attention-playground');
  await place.locator('.plane').click({ position: { x: 20, y: 20 } });
  await page.waitForFunction(() => Number(document.querySelector('#attention-playground input').value) < -1);
  const handle = await place.locator('.knob').boundingBox();
  await page.mouse.move(handle.x + 8, handle.y + 8);
  await page.mouse.down();
  await page.mouse.move(handle.x + 60, handle.y + 90, { steps: 8 });
  await page.mouse.up();
  assert.ok(Number(await sliders.first().inputValue()) > -1);
  await page.waitForTimeout(100);
  await checkNumbers(page, '#attention-playground');
  await place.locator('.buttons .button').click();
  assert.equal(await sliders.first().inputValue(), '-0.22');
  await close();
  const linked = await openLab({ hash: '#attention-playground?q=1,-0.5' });
  await widget(linked.page, 'attention-playground');
  assert.equal(await linked.page.locator('#attention-playground input').nth(1).inputValue(), '-0.5');
  await linked.close();
});

const TABLE = {
  embedding: [-0.4, 0.5], 'embedding_norm.ms': [0.205], 'embedding_norm.scale': [2.208577], 'embedding_norm.x': [-0.883431, 1.104288],
  'attn_norm.scale': [1.000019], 'attn_norm.x': [-0.883448, 1.104310], q: [-0.220862, 0.353379], k: [-0.375465, 0.375465], v: [-0.242948, 0.839275],
  'head0.dots': [-0.030921, 0.163438, 0.215608], 'head0.scores': [-0.021864, 0.115568, 0.152458], 'head0.weights': [0.299602, 0.343740, 0.356658],
  'sum so far, 1 of 3': [0.059920, -0.089881], 'sum so far, 2 of 3': [0.231791, -0.021132], 'head0.out': [0.145141, 0.278202],
  attn_out: [0.142725, 0.209255], attn_residual: [-0.740706, 1.313544], 'mlp_norm.ms': [1.137021], 'mlp_norm.scale': [0.937808],
  'mlp_norm.x': [-0.694640, 1.231852],
  mlp_pre: [-0.154671, 0.754854, -0.577947, 0.423277, 0.593690, -0.262113, -0.047228, -0.423277],
  mlp_act: [0, 0.754854, 0, 0.423277, 0.593690, 0, 0, 0], mlp_out: [0.395767, 0.346119], mlp_residual: [-0.344939, 1.659663],
  logits: [0.062485, 0.732853, -0.670368, 1.030291], probs: [0.164808, 0.322193, 0.079196, 0.433802],
  '−log of the probability of BOS': [1.802973], '−log of the probability of a': [1.132605], '−log of the probability of b': [2.535826],
  '−log of the probability of c': [0.835166],
};

test('all numbers of the toy, and where paper differs', async () => {
  const { page, close } = await openLab();
  const place = await widget(page, 'toy-table');
  const shown = await place.locator('.all tbody tr:not(.part)').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [
    row.querySelector('th').textContent.trim(), [...row.querySelectorAll('.num')].map((one) => Number(one.textContent.replace('\u2212', '-'))),
  ])));
  for (const [name, expected] of Object.entries(TABLE)) assert.deepEqual(shown[name], expected, name);
  assert.equal(await place.locator('.differing tbody tr').count(), 14);
  await checkNumbers(page, '#toy-table');
  await place.locator('.choice-option:has(input[value="2"])').click();
  await page.waitForFunction(() => document.querySelectorAll('#toy-table .differing tbody tr').length === 2); // the slip, and its log
  await checkNumbers(page, '#toy-table');
  await place.locator('.choice-option:has(input[value="off"])').click();
  await place.locator('.choice-option:has(input[value="computed"])').click();
  await page.waitForFunction(() => [...document.querySelectorAll('#toy-table .num')].some((one) => one.textContent === '0.167819'));
  assert.ok((await place.innerText()).includes('1.784871'));
  await place.locator('input[value="c"]').focus();
  await page.keyboard.press(' ');
  await place.locator('input[type="range"]').focus();
  await page.keyboard.press('Home');
  await page.waitForFunction(() => document.querySelector('#toy-table .num').dataset.digits === '2');
  await checkNumbers(page, '#toy-table');
  await close();
});

const GRADIENTS = {
  'layer0.attn_wq': [0.012998, -0.016248, -0.002913, 0.003641], 'layer0.attn_wk': [0.006532, -0.008165, -0.010452, 0.013064],
  'layer0.attn_wv': [0.065742, -0.082178, -0.029074, 0.036343], 'layer0.attn_wo': [-0.056344, -0.107998, 0.035231, 0.067529],
  lm_head: [0.288090, -1.386137, -0.111137, 0.534732, -0.027318, 0.131439, -0.149635, 0.719966],
  wte: [0, 0, 0, 0, -0.300847, -0.240618, 0, 0], wpe: [0, 0, 0, 0, -0.300847, -0.240618, 0, 0],
};

test('the gradient of every weight, and found by trying', async () => {
  const { page, close } = await openLab();
  const place = await widget(page, 'backward-attention');
  for (const [name, expected] of Object.entries(GRADIENTS)) {
    const short = name.replace('layer0.', '');
    await place.locator(`.choice-option:has(input[value="${name}"])`).click();
    await page.waitForFunction((first) => document.querySelector('#backward-attention .check code').textContent === first, `${short}[0][0]`);
    const rows = await values(page, '#backward-attention .check .num');
    expected.forEach((one, i) => {
      near(rows[4 * i + 1], one);
      near(rows[4 * i + 2], one, 2e-6);
      near(rows[4 * i + 3], 0, 2e-6);
    });
  }
  assert.equal(await place.locator('.matrices').first().locator('.cell').count(), 72);
  await place.locator('.choice-option:has(input[value="0.1"])').click();
  await page.waitForFunction(() => document.querySelector('#backward-attention .check td:last-child .num').dataset.trace.includes('h%3D0.1'));
  const next = place.locator('.player .button').nth(2);
  for (let i = 0; i < 14; ++i) await next.click();
  assert.equal(await place.locator('.none').count(), 0);
  const logits = await values(page, '#backward-attention .path tr:nth-child(2) td:nth-child(2) .num');
  [-0.835192, 0.322193, 0.079196, 0.433802].forEach((one, i) => near(logits[i], one));
  await checkNumbers(page, '#backward-attention');
  await place.locator('.matrices .cell').nth(4).click();
  await page.waitForSelector('dialog[open]');
  await close();
});
