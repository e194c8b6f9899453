// The map of the real model, and the tape of one of its steps.
import test from 'node:test';
import assert from 'node:assert/strict';
import { checkNumbers, live, openLab } from './harness.mjs';

const ATLAS = '[data-widget="Atlas"]';
const TAPE = '[data-widget="TapeWalk"]';

const openTable = (place) => place.locator('.figure-table:has(.matrix, table) > summary').last().click();
const zoomOut = (place) => place.getByRole('button', { name: 'Zoom out' });

test('the map: a block by its button, a number by a click, its card', async () => {
  const { page, value, close } = await openLab();
  const place = await live(page, ATLAS);
  await checkNumbers(page, ATLAS);
  await place.locator('.atlas-list summary').click();
  await place.locator('.atlas-item', { hasText: 'attn_wq' }).click();
  await place.locator('.atlas-block code', { hasText: 'layer0.attn_wq' }).waitFor();
  assert.equal(await zoomOut(place).isEnabled(), true);
  await place.locator('canvas').scrollIntoViewIfNeeded();
  await page.waitForTimeout(700); // it flies there
  const box = await place.locator('canvas').boundingBox();
  await page.mouse.click(box.x + box.width / 2 + 5, box.y + box.height / 2 + 5);
  const card = page.locator('dialog.card');
  await card.waitFor({ state: 'visible' });
  const title = await card.locator('.card-title').innerText();
  assert.match(title, /^layer0\.attn_wq\[\d+\]\[\d+\]$/);
  const exact = String(await value(`real?text=emma#${title}`)).replace('-', '\u2212');
  assert.ok((await card.innerText()).includes(exact.slice(1)), `${title} is ${exact}`);
  await page.keyboard.press('Escape');
  assert.equal(await checkNumbers(page, ATLAS) > 256, true); // the whole block as a table
  await close();
});

test('the map by keyboard and by wheel', async () => {
  const { page, close } = await openLab();
  const place = await live(page, ATLAS);
  const region = place.locator('.atlas-region');
  await region.focus();
  assert.equal(await zoomOut(place).isEnabled(), false);
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowRight');
  assert.equal(await zoomOut(place).isEnabled(), true);
  await page.keyboard.press('0');
  await place.locator('.atlas-zoom button:disabled', { hasText: '\u2212' }).waitFor();
  const box = await place.locator('canvas').boundingBox();
  await page.mouse.move(box.x + 200, box.y + 200);
  await page.mouse.wheel(0, -300);
  await page.waitForFunction(() => !document.querySelector('.atlas-zoom button:nth-child(2)').disabled);
  await page.mouse.down();
  await page.mouse.move(box.x + 260, box.y + 230, { steps: 4 });
  await page.mouse.up();
  assert.equal(await page.locator('dialog.card[open]').count(), 0); // a drag is no click
  await close();
});

test('the map by two fingers', async () => {
  const { page, context, close } = await openLab({ width: 375, context: { hasTouch: true, isMobile: true } });
  const place = await live(page, ATLAS);
  await place.locator('canvas').scrollIntoViewIfNeeded();
  const box = await place.locator('canvas').boundingBox();
  const client = await context.newCDPSession(page);
  const at = (gap) => [{ x: box.x + 150 - gap, y: box.y + 100, id: 0 }, { x: box.x + 150 + gap, y: box.y + 100, id: 1 }];
  await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(20) });
  for (const gap of [40, 60, 80]) await client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(gap) });
  await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await page.waitForFunction(() => !document.querySelector('.atlas-zoom button:nth-child(2)').disabled);
  await place.locator('.atlas-token').first().tap();
  await place.locator('.atlas-block code', { hasText: 'pos0.layer0.head0.weights' }).waitFor();
  await checkNumbers(page, ATLAS);
  await close();
});

test('forward and backward, step by step', async () => {
  const { page, close } = await openLab();
  const place = await live(page, ATLAS);
  const time = place.locator('.atlas-time input[type="range"]');
  const last = Number(await time.getAttribute('max'));
  await time.fill('0');
  await place.getByText('m is about to be read').waitFor();
  await time.focus();
  await page.keyboard.press('ArrowRight');
  await place.getByText('Forward, m at position 3: pos3.tok_emb').waitFor();
  await place.locator('.player').getByRole('button', { name: 'Next step' }).click();
  assert.equal(await time.inputValue(), '2');
  await time.fill(String(last));
  await place.getByText('Backward: how the loss depends on pos3.tok_emb').waitFor();
  await place.locator('.atlas-formula', { hasText: 'grad(pos3.tok_emb[0]) =' }).waitFor();
  await openTable(place);
  const sources = await place.locator('.matrix [data-trace]').evaluateAll((cells) => cells.map((cell) => cell.dataset.trace));
  assert.equal(sources.length, 16);
  assert.ok(sources.every((source) => source.includes('#grad(pos3.tok_emb[')), sources[0]);
  await checkNumbers(page, ATLAS);
  await close();
});

test('another name, and one that is none', async () => {
  const { page, close } = await openLab();
  const place = await live(page, ATLAS);
  await place.locator('.atlas-text input').fill('Zoe!');
  await page.waitForFunction(() => document.querySelectorAll('.atlas-token').length === 4);
  assert.equal(await place.locator('.atlas-token[aria-pressed="true"]').innerText(), '3e');
  await checkNumbers(page, ATLAS);
  await place.locator('.atlas-text input').fill('');
  await page.waitForFunction(() => document.querySelectorAll('.atlas-token').length === 1);
  await checkNumbers(page, ATLAS);
  await close();
});

test('through a training that runs here', async () => {
  const { page, value, close } = await openLab();
  const place = await live(page, ATLAS);
  await place.locator('.atlas-list summary').click();
  await place.locator('.atlas-item', { hasText: 'attn_wq' }).click();
  await openTable(place);
  await place.getByRole('button', { name: 'Train 1,000 steps here' }).click();
  const steps = place.locator('.atlas-training input[type="range"]');
  await page.waitForFunction(() => document.querySelector('.atlas-training input[type="range"]')?.max === '1000'
    && !document.querySelector('.atlas-training input[type="range"]').disabled, null, { timeout: 60000 });
  await place.getByText('step 1,000 of the run').waitFor();
  await steps.fill('500');
  await place.getByText('step 500 of the run').waitFor();
  await page.waitForFunction(() => document.querySelector('[data-widget="Atlas"] .matrix [data-trace]').dataset.trace.includes('atlas-500'));
  await checkNumbers(page, ATLAS);
  await steps.focus();
  await page.keyboard.press('Home');
  await place.getByText('step 0 of the run').waitFor();
  assert.equal(await value('real?model=untrained#layer0.attn_wq[0][0]'), await page.evaluate(async () => {
    const { parameters } = await window.microgptLab.engine.model('untrained');
    return parameters.find(({ name }) => name === 'layer0.attn_wq').data[0];
  }));
  await close();
});

test('the atlas as a link asks for it', async () => {
  const { page, close } = await openLab();
  const place = await live(page, ATLAS);
  const id = await place.getAttribute('data-id');
  await page.goto('about:blank');
  await close();
  const again = await openLab({ hash: `#${id}?text=olivia&pos=2&time=3&block=wte` });
  const there = await live(again.page, ATLAS);
  assert.equal(await there.locator('.atlas-text input').inputValue(), 'olivia');
  assert.equal(await there.locator('.atlas-token[aria-pressed="true"]').innerText(), '2l');
  assert.equal(await there.locator('.atlas-time input[type="range"]').inputValue(), '3');
  await again.close();
});

test('the tape: all of it, and the shortest way to a weight', async () => {
  const { page, value, close } = await openLab();
  const place = await live(page, TAPE);
  await checkNumbers(page, TAPE);
  assert.equal(await value('tape?text=emma#nodes'), 43895);
  await place.locator('.tape-wanted').fill('layer0.attn_wq[3][2]');
  await page.keyboard.press('Enter');
  await place.locator('.tape-title', { hasText: 'layer0.attn_wq[3][2]' }).waitFor();
  await place.locator('[data-trace*="#ways"]').waitFor();
  await checkNumbers(page, TAPE);
  // The same by hand: slopes multiplied, ways counted, from what the engine says of single nodes.
  const found = await page.evaluate(async () => {
    const { engine } = window.microgptLab;
    const request = { model: 'trained', text: 'emma', backward: true, changes: [] };
    const { nodes: count, root } = await engine.tapeSize(request);
    const { op, left, right } = await engine.tapeNodes(request, 0, count);
    const source = document.querySelector('[data-widget="TapeWalk"] .figure-note [data-trace*="#way["]').dataset.trace;
    const way = source.slice(source.lastIndexOf('[') + 1, -1).split(',').map(Number);
    let product = 1;
    for (let i = 1; i < way.length; ++i) {
      const { children } = await engine.tapeNode(request, way[i - 1]);
      product *= children.filter((child) => child.node === way[i]).reduce((sum, child) => sum + child.localGrad, 0);
    }
    const ways = new Array(count).fill(0n);
    ways[root] = 1n;
    for (let i = root; i >= 0; --i) {
      if (op[i] === '') continue;
      for (const child of new Set(op[i] === '+' || op[i] === '*' ? [left[i], right[i]] : [left[i]])) ways[child] += ways[i];
    }
    const last = way[way.length - 1];
    return { product, shown: await engine.value(source), ways: Number(ways[last]), shownWays: await engine.value(`tape?text=emma#ways[${last}]`), last, from: way[0], root };
  });
  assert.equal(found.from, found.root);
  assert.equal(found.shown, found.product);
  assert.equal(found.shownWays, found.ways);
  assert.equal(await value(`tape?text=emma#grad[${found.last}]`), await value('real?text=emma#grad(layer0.attn_wq[3][2])'));
  assert.equal(await value(`tape?text=emma#data[${found.last}]`), await value('real?text=emma#layer0.attn_wq[3][2]'));
  await close();
});

test('the tape by keyboard, and back', async () => {
  const { page, close } = await openLab();
  const place = await live(page, TAPE);
  const title = place.locator('.tape-title');
  assert.match(await title.innerText(), /loss/);
  await place.locator('.tape-node').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await title.filter({ hasText: 'a step between' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelectorAll('.tape-way ol li').length === 3);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelectorAll('.tape-way ol li').length === 2);
  await page.keyboard.press('Home');
  await title.filter({ hasText: 'loss' }).waitFor();
  await checkNumbers(page, TAPE);
  await close();
});

test('the tape: names, one that is none, a weight without a slope', async () => {
  const { page, close } = await openLab();
  const place = await live(page, TAPE);
  await place.locator('.tape-wanted').fill('layer0.attn_wq[3][99]');
  await place.getByRole('button', { name: 'Shortest way' }).click();
  await place.getByText('Nothing is called layer0.attn_wq[3][99]').waitFor();
  await place.locator('.tape-wanted').fill('pos3.pro');
  await place.locator('.tape-matches button', { hasText: 'pos3.probs' }).click();
  await place.locator('.tape-title', { hasText: 'pos3.probs[0]' }).waitFor();
  await place.locator('.tape-wanted').fill('wte[25][0]');
  await page.keyboard.press('Enter');
  await place.locator('.tape-title', { hasText: 'wte[25][0]' }).waitFor();
  await place.getByText('No way leads here').waitFor();
  await place.getByRole('button', { name: 'By operation' }).click();
  await checkNumbers(page, TAPE);
  await place.getByRole('button', { name: 'relu' }).click();
  await place.locator('.tape-text').fill('li');
  await page.keyboard.press('Enter');
  await place.getByText('nodes for one step on li').waitFor();
  await checkNumbers(page, TAPE);
  await close();
});

test('the tape by touch', async () => {
  const { page, close } = await openLab({ width: 375, context: { hasTouch: true, isMobile: true } });
  const place = await live(page, TAPE);
  await place.locator('.tape-canvas').tap({ position: { x: 20, y: 60 } });
  await place.locator('.tape-title').filter({ hasNotText: 'loss' }).waitFor();
  assert.equal(await place.evaluate((widget) => widget.scrollWidth <= widget.clientWidth), true);
  await checkNumbers(page, TAPE);
  await close();
});
