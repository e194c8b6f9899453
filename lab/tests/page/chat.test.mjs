import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNumbers, live, openLab, program, site } from './harness.mjs';

const place = (page, name) => live(page, `[data-widget="${name}"]`);
const names = (chat) => chat.locator('.chat-turn.model').last().locator('.chat-name').allTextContents();
const done = (page) => page.waitForFunction(() => document.querySelector('.chat-waiting') === null && !document.querySelector('.chat-form button').disabled);

test('chat: a letter, a prefix, a name for each letter', async () => {
  const { page, close } = await openLab();
  const chat = await place(page, 'Chat');
  const field = chat.locator('.chat-form input');
  const ask = async (text) => {
    await field.fill(text);
    await field.press('Enter');
    await done(page);
    return names(chat);
  };
  assert.match(await chat.locator('.chat-label').textContent(), /Type a letter/);
  assert.match((await ask('q'))[0], /^q[a-z]+$/);
  assert.match(await chat.locator('.chat-form .chat-hint').textContent(), /a b/);
  const [both] = await ask('Em!');
  assert.match(both, /^em[a-z]*$/);
  assert.equal(await chat.locator('.chat-turn.model').last().locator('b').first().textContent(), 'em');
  assert.deepEqual((await ask('a b c')).map((name) => name[0]), ['a', 'b', 'c']);
  assert.equal((await ask('a '.repeat(25))).length, 20);
  assert.match(await chat.locator('.chat-aside').last().textContent(), /20/);
  await ask('123');
  assert.match(await chat.locator('.chat-aside').last().textContent(), /a to z/);
  assert.equal((await ask('')).length, 1);
  await checkNumbers(page, '[data-widget="Chat"]');
  await close();
});

test('chat: the program and the Python sampler say the same for a seed', async () => {
  const { page, close } = await openLab();
  const chat = await place(page, 'Chat');
  const slider = chat.getByRole('slider');
  assert.equal(await slider.inputValue(), '0.7');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await chat.locator('.slider-value').textContent(), '0.75');
  await chat.locator('.chat-form input').fill('ma');
  await chat.getByRole('button', { name: 'Send' }).click();
  await done(page);
  const [name] = await names(chat);
  const command = (await chat.locator('.chat-command code').textContent()).split(' ').slice(1);
  const model = join(site, 'model.json');
  const options = command.map((one) => (one === 'model.json' ? model : one));
  assert.equal(execFileSync(program, options, { encoding: 'utf8' }).trim(), name);
  assert.equal(execFileSync('python3', [join(site, 'sampler.py'), ...options.slice(1)], { encoding: 'utf8' }).trim(), name);
  const js = execFileSync('node', [join(site, 'sampler.js'), model, '--prefix', 'ma', '--n', '3'], { encoding: 'utf8' }).trim().split('\n');
  assert.ok(js.length === 3 && js.every((one) => one.startsWith('ma')));
  for (const file of ['model.json', 'sampler.py', 'sampler.js']) {
    const [download] = await Promise.all([page.waitForEvent('download'), chat.getByRole('link', { name: file }).click()]);
    assert.equal(download.suggestedFilename(), file);
  }
  await close();
});

test('tokenizer: emma, the names to try, characters without an id', async () => {
  const { page, close } = await openLab({ width: 375, context: { hasTouch: true } });
  const tokenizer = await place(page, 'Tokenizer');
  const ids = () => tokenizer.locator('.chips .num').allTextContents();
  const shows = (count) => page.waitForFunction((n) => document.querySelectorAll('.chips .chip').length === n, count);
  assert.deepEqual(await ids(), ['26', '4', '12', '12', '0', '26']);
  await tokenizer.getByRole('button', { name: 'zoe' }).tap();
  await shows(5);
  assert.deepEqual(await ids(), ['26', '25', '14', '4', '26']);
  await tokenizer.getByRole('button', { name: 'alexander' }).focus();
  await page.keyboard.press('Enter');
  await shows(11);
  assert.equal((await ids()).length, 11);
  await tokenizer.getByRole('textbox').fill('zoë');
  await shows(5);
  assert.deepEqual(await ids(), ['26', '25', '14', '26']);
  assert.match(await tokenizer.locator('.figure-note').textContent(), /ë/);
  await tokenizer.getByRole('textbox').fill('abcdefghijklmnopqrstuvwxyz');
  assert.ok((await tokenizer.getByRole('textbox').inputValue()).length <= 26);
  assert.equal(await tokenizer.getByRole('textbox').getAttribute('maxlength'), '20');
  await tokenizer.getByRole('textbox').fill('zoe');
  await shows(5);
  await checkNumbers(page, '[data-widget="Tokenizer"]');
  await close();
});
