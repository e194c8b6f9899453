// The whole page: chapters, numbers, links, themes, and that nothing comes from elsewhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chapter, checkNumbers, openLab, root, serve, site, tooWide, until, widget } from './harness.mjs';

const html = readFileSync(join(site, 'text.html'), 'utf8');
const chapters = [...html.matchAll(/<article class="chapter" id="([\w-]+)"/g)].map((match) => match[1]);
const axe = readFileSync(join(root, 'lab/node_modules/axe-core/axe.min.js'), 'utf8');

test('has twenty chapters in order', () => {
  assert.deepEqual(chapters, ['chat', 'dataset', 'tokenizer', 'neuron', 'forward', 'loss', 'autograd', 'embeddings', 'attention',
    'mlp', 'output', 'parameters', 'training', 'inference', 'toy-training', 'run', 'real', 'atlas', 'guardrails', 'faq']);
});

test('a page forbids what the server forbids, but for what only a header can', async () => {
  const { address } = await serve();
  for (const file of ['', 'text.html']) {
    const reply = await fetch(address + file);
    const meta = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await reply.text())[1];
    assert.equal(`${meta}; frame-ancestors 'none'`, reply.headers.get('content-security-policy'));
  }
});

/** What axe says against the page, with the chapter it says it of. */
async function violations(page, options = {}) {
  return page.evaluate(async (more) => {
    const { violations: found } = await window.axe.run(document, { resultTypes: ['violations'], ...more });
    return found.flatMap(({ id, nodes }) => nodes.map(({ html, target }) =>
      `${document.querySelector(String(target[0]))?.closest('.chapter')?.id ?? 'around'}: ${id}: ${html.slice(0, 160)}`));
  }, options);
}

// One page for each width; a theme changes colours only, and changes them at once. axe is brought in by
// the test itself, past the page's policy. Numbers are the same at every width, as are colours.
for (const [width, widths] of [[1280, [1280]], [375, [375, 320]]]) {
  test(`${width} wide: axe finds nothing, nothing scrolls sideways`, async (t) => {
    const { page, close } = await openLab({ width, context: { bypassCSP: true } });
    let count = 0;
    for (const id of chapters) {
      await t.test(`${id} with its numbers`, async () => {
        await chapter(page, id);
        if (width === 1280) count += await checkNumbers(page, `#${id}`);
      });
    }
    if (width === 1280) assert.ok(count > 500, `only ${count} numbers were found`);
    for (const one of widths) {
      await t.test(`nothing scrolls sideways at ${one}`, async () => assert.deepEqual(await tooWide(page, one), []));
    }
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(axe);
    await t.test('axe finds nothing', async () => assert.deepEqual(await violations(page), []));
    if (width === 1280) {
      await page.emulateMedia({ colorScheme: 'dark' });
      await t.test('axe finds nothing in the dark', async () => assert.deepEqual(await violations(page, { runOnly: ['color-contrast', 'link-in-text-block'] }), []));
    }
    await close();
  });
}

test('is complete without JavaScript', async () => {
  const { page, close } = await openLab({ context: { javaScriptEnabled: false } });
  await page.waitForURL('**/text.html');
  const text = await page.locator('main').innerText();
  assert.match(text, /JavaScript is off/);
  assert.equal(await page.locator('[data-widget] .figure').count(), await page.locator('[data-widget]').count());
  assert.equal(await page.locator('.num:empty').count(), 0);
  await close();
});

test('the text remains where WebAssembly is missing', async () => {
  const { page, close } = await openLab({
    allow: [/WebAssembly/],
    prepare: (opened) => opened.route('**/*.wasm', (route) => route.abort()),
    context: {},
  }).catch((error) => { throw error; });
  await page.waitForSelector('#notice:not([hidden])');
  assert.match(await page.locator('#notice').innerText(), /can't run/);
  assert.ok(await page.locator('[data-widget] .figure').count() > 0);
  await close().catch((error) => { if (!/Failed to load resource/.test(error.message)) throw error; });
});

test('a link that leads nowhere is told', async () => {
  const { page, close } = await openLab({ hash: '#no-such-place' });
  for (const hash of [null, '#<script>', '#attention-playground?q=1,x', '#?', '#attention-playground?q=1e99,0']) {
    if (hash) await page.evaluate((one) => { window.location.hash = one; }, hash);
    await page.waitForSelector('#notice:not([hidden])');
    await page.locator('#notice').getByRole('button', { name: 'Close' }).click();
    assert.equal(await page.locator('#notice').isHidden(), true);
  }
  await close();
});

test('a number of a drawing is reached by Tab and opened by Enter', async () => {
  const { page, close } = await openLab({ hash: '#neuron-weight' });
  const place = await widget(page, 'neuron-weight');
  await place.locator('.figure-picture .scroll').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('dialog.card').waitFor({ state: 'visible' });
  assert.equal(await page.locator('.card-title').innerText(), 'z');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.trace?.endsWith('#z')), true);
  await close();
});

test('a card tells all about a number, and leads to its parents', async () => {
  const { page, value, close } = await openLab({ hash: '#attention' });
  const number = page.locator('#attention [data-trace="toy#pos2.layer0.q[0]"]').first();
  await number.scrollIntoViewIfNeeded();
  await number.click();
  const card = page.locator('dialog.card');
  await card.waitFor({ state: 'visible' });
  const text = await card.innerText();
  assert.ok(text.replace(/\u2212/g, '-').includes(String(await value('toy#pos2.layer0.q[0]'))), text);
  assert.match(text, /src\/reference\/gpt\.h, line \d+/);
  assert.match(text, /Line \d+ of microgpt\.py/);
  await card.locator('.card-number').first().click();
  await card.getByText('layer0.attn_wq[0][0]').first().waitFor();
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'hidden' });
  await close();
});

test('the theme is remembered', async () => {
  const { page, close } = await openLab();
  await page.click('#theme');
  await page.click('#theme');
  const dark = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), dark);
  await close();
});

test('presentation shows one part at a time, by keys', async () => {
  const { page, close } = await openLab();
  await page.keyboard.press('p');
  await page.waitForSelector('body.presenting');
  assert.equal(await page.locator('.shown:is(.part, .chapter-head)').count(), 1);
  const first = await page.locator('.slide-count').innerText();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await page.locator('.slide-count').innerText(), first);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('body.presenting').count(), 0);
  await close();
});

// The first by mouse and keys; the others without being looked at, which would bring each to life.
test('exercises know right answers from wrong ones', async () => {
  const { page, close } = await openLab();
  const forms = page.locator('form.exercise:has([data-expect], [data-right])');
  const count = await forms.count();
  assert.ok(count >= 7, `${count} exercises with fields`);
  const submit = (i) => (i === 0 ? forms.first().locator('button[type=submit]').click() : forms.nth(i).evaluate((form) => form.requestSubmit()));
  for (let i = 0; i < count; ++i) {
    const fill = (right) => forms.nth(i).evaluate(async (form, isRight) => {
      const { engine } = window.microgptLab;
      for (const field of form.querySelectorAll('[data-expect]')) {
        const graph = await engine.graph(`answer = ${field.dataset.expect}`);
        field.value = isRight ? String(graph.data[graph.root]) : '123456';
      }
      for (const field of form.querySelectorAll('[data-right]')) field.value = isRight ? field.dataset.right : '';
    }, right);
    const says = () => forms.nth(i).locator('output').textContent();
    await fill(false);
    await submit(i);
    assert.doesNotMatch(await until(says, (text) => text.trim() !== ''), /^\s*Right/);
    await fill(true);
    await submit(i);
    await until(says, (text) => text.includes('Right.'));
  }
  await page.reload();
  await page.waitForSelector('html[data-whole]');
  assert.equal(await page.locator('form.exercise.done').count(), count);
  await close();
});

test('moves nothing by itself where motion should be reduced', async () => {
  const { page, close } = await openLab({ context: { reducedMotion: 'reduce' } });
  const running = await page.evaluate(() => document.getAnimations().length);
  assert.equal(running, 0);
  await close();
});
