// The block so far and the matrices: exact numbers, and every control.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, near, openLab, values, widget } from './harness.mjs';

const PLACES = ['block-so-far', 'block-so-far-2', 'block-so-far-3', 'block-so-far-4', 'block-so-far-5'];

async function expectRow(page, id, name, expected) {
  await page.waitForFunction(async ([place, path, first]) => {
    const one = document.querySelector(`#${place} .tour [data-trace*="#pos2.${path}["]`);
    return one && Math.abs(await window.microgptLab.engine.value(one.dataset.trace) - first) < 5.1e-7;
  }, [id, name, expected[0]]);
  const got = await values(page, `#${id} .tour [data-trace*="#pos2.${name}["]`);
  assert.equal(got.length, expected.length);
  got.forEach((value, i) => near(value, expected[i]));
}

const probsOf = {
  b: [0.164808, 0.322193, 0.079196, 0.433802],
  BOS: [0.233027, 0.244880, 0.139968, 0.382125],
  a: [0.299945, 0.137466, 0.397163, 0.165426],
  c: [0.207373, 0.267436, 0.110589, 0.414602],
};

test('five views of one token, and every switch', async () => {
  const { page, close } = await openLab();
  for (const id of PLACES) await widget(page, id);
  const last = page.locator('#block-so-far-5');
  await expectRow(page, 'block-so-far-5', 'probs', probsOf.b);
  for (const token of ['BOS', 'a', 'c']) {
    await last.locator(`.choice-option:has(input[value="${token}"])`).click();
    await expectRow(page, 'block-so-far-5', 'probs', probsOf[token]);
  }
  // By keyboard, in another view.
  const first = page.locator('#block-so-far');
  await first.locator('input[value="c"]').focus();
  await page.keyboard.press('ArrowLeft');
  await expectRow(page, 'block-so-far', 'embedding', [-0.4, 0.5]);
  await expectRow(page, 'block-so-far-5', 'probs', probsOf.b);
  assert.equal(await first.locator('.now').innerText().then((text) => text.includes('b')), true);

  await last.locator('.choice-option:has(input[value="computed"])').click();
  await expectRow(page, 'block-so-far-5', 'probs', [0.167819, 0.316689, 0.080703, 0.434789]);
  await expectRow(page, 'block-so-far-3', 'layer0.head0.scores', [0.130646, 0.022395, 0.152458]);
  await last.locator('.choice-option:has(input[value="printed"])').click();
  await last.locator('.choice-option:has(input[value="2"])').click();
  await expectRow(page, 'block-so-far-5', 'layer0.k', [-0.37, 0.37]);
  await expectRow(page, 'block-so-far-5', 'layer0.head0.dots', [-0.031, 0.162, 0.211]);
  await last.locator('.choice-option:has(input[value="off"])').click();
  await expectRow(page, 'block-so-far-5', 'layer0.k', [-0.375465, 0.375465]);

  // A vector that no token has.
  const slider = last.locator('input[type="range"]').first();
  await slider.focus();
  await page.keyboard.press('End');
  await expectRow(page, 'block-so-far-5', 'tok_emb', [1, 0.4]);
  await expectRow(page, 'block-so-far', 'embedding', [0.9, 0.5]);
  for (const id of PLACES) assert.ok(await checkNumbers(page, `#${id}`) > 0);
  await last.locator('.own .button').click();
  await expectRow(page, 'block-so-far-5', 'tok_emb', [-0.3, 0.4]);
  await close();
});

test('a block lights in all views, and a click pins its code', async () => {
  const { page, close } = await openLab();
  const place = await widget(page, 'block-so-far-4');
  const lit = () => place.locator('.lit').evaluateAll((all) => all.map((one) => one.tagName.toLowerCase() + (one.dataset.block ?? '')));
  await place.locator('.box[data-block="fc1"]').hover();
  assert.ok((await lit()).includes('gfc1'));
  assert.ok((await lit()).filter((one) => one === 'tr').length === 2);
  await place.locator('.lane[data-block="qkv"] rect').hover({ position: { x: 4, y: 4 } });
  assert.equal((await lit()).filter((one) => one === 'gqkv').length, 2);
  await place.locator('.tour-block[data-block="attn_norm"]').hover();
  assert.equal((await lit()).filter((one) => one === 'gattn_norm').length, 2);

  const expected = {
    tok: 'wte', pos: 'wpe', sum: 'add(', norm: 'rmsnorm', attn_norm: 'rmsnorm', qkv: 'attn_wk', attention: 'scores', wo: 'attn_wo',
    attn_residual: 'x_residual', mlp_norm: 'rmsnorm', fc1: 'mlp_fc1', relu: 'relu', fc2: 'mlp_fc2', mlp_residual: 'x_residual',
  };
  for (const [block, word] of Object.entries(expected)) {
    await place.locator(`.box[data-block="${block}"]`).click();
    const panels = await place.locator('.code-panel pre').allInnerTexts();
    assert.equal(panels.length, 2, block);
    for (const panel of panels) assert.ok(panel.includes(word), `${block}: ${panel}`);
  }
  await page.keyboard.press('Escape');
  assert.equal(await place.locator('.code-panel pre').count(), 0);
  // By keyboard alone.
  await place.locator('.box').first().focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  assert.equal(await place.locator('.box[data-block="mlp_residual"]').getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('Escape');
  await place.locator('.lane').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  assert.equal(await place.locator('.lane[data-block="sum"]').getAttribute('aria-pressed'), 'true');
  await close();
});

test('a link to a token, a cache and a block; one that is off', async () => {
  const { page, close } = await openLab({ hash: '#block-so-far-5?token=a&cache=printed&block=softmax' });
  await widget(page, 'block-so-far-5');
  await expectRow(page, 'block-so-far-5', 'probs', probsOf.a);
  assert.ok((await page.locator('#block-so-far-5 .code-panel').innerText()).includes('softmax'));
  await close();
  const bad = await openLab({ hash: '#block-so-far-5?token=z' });
  await widget(bad.page, 'block-so-far-5');
  await expectRow(bad.page, 'block-so-far-5', 'probs', probsOf.b);
  await bad.close();
});

test('a tap lights and pins', async () => {
  const { page, close } = await openLab({ width: 375, context: { hasTouch: true } });
  const place = await widget(page, 'block-so-far-4');
  await place.locator('.box[data-block="relu"]').tap();
  assert.ok((await place.locator('.code-panel').innerText()).includes('relu'));
  await place.locator('.choice-option:has(input[value="c"])').tap();
  await expectRow(page, 'block-so-far-4', 'embedding', [0, 0.3]);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
  await close();
});

test('cells and lines light each other', async () => {
  const { page, close } = await openLab();
  for (const [id, cells, lines, shapes] of [
    ['matrix-viewer', 16, 0, ['27 × 16', '16 × 16']],
    ['matrix-viewer-2', 16, 16, ['16 × 16']], // 12 of Wq, Wk, Wv and 4 of Wo
    ['matrix-viewer-3', 32, 32, ['64 × 16', '16 × 64']],
    ['matrix-viewer-4', 8, 8, ['27 × 16']],
  ]) {
    const place = await widget(page, id);
    assert.equal(await place.locator('.cell').count(), cells);
    assert.equal(await place.locator('.touch').count(), lines);
    for (const shape of shapes) assert.ok((await place.innerText()).includes(shape), shape);
    await checkNumbers(page, `#${id}`);
    if (lines === 0) continue;
    await place.locator('.cell').nth(1).hover();
    assert.equal(await place.locator('.edge.on').count(), 1);
    await place.locator('.touch').first().focus();
    for (let i = 0; i < 3; ++i) await page.keyboard.press('ArrowDown');
    assert.equal(await place.locator('.cell.lit').count(), 1);
    assert.equal(await place.locator('.cell').nth(3).getAttribute('class').then((text) => text.includes('lit')), true);
    await page.keyboard.press('Escape');
    assert.equal(await place.locator('.cell.lit').count(), 0);
  }
  await page.locator('#matrix-viewer-4 .touch').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.ok((await page.locator('dialog[open]').innerText()).includes('lm_head[0][0]'));
  await close();
});
