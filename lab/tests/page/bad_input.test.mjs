// What readers do to a page.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNumbers, openLab, site, widget } from './harness.mjs';

const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

test('a list that is none is refused with its fault', async () => {
  const { page, close } = await openLab({ hash: '#train-real' });
  const place = await widget(page, 'train-real');
  const choose = place.locator('input[type=file]');
  await choose.setInputFiles({ name: 'broken.txt', mimeType: 'text/plain', buffer: Buffer.from([0xff, 0xfe, 0x41]) });
  await place.locator('[role=alert]').waitFor();
  await choose.setInputFiles(file('empty.txt', ' \n\n'));
  await place.getByText(/it is empty/).waitFor();
  await choose.setInputFiles(file('nul.txt', 'a\0b'));
  await place.getByText(/NUL/).waitFor();
  await close();
});

test('an own list of any script is trained, and one too short is refused', async () => {
  const { page, close } = await openLab({ hash: '#own-list' });
  const place = await widget(page, 'own-list');
  const train = place.getByRole('button', { name: 'Train on these' });
  await place.locator('textarea').fill('only');
  await train.click();
  await place.locator('[role=alert]').waitFor();
  await place.locator('textarea').fill('서울\n부산\n대구\n인천\n광주\n대전\n울산\n세종');
  await place.locator('input[type=range]').first().fill('100');
  await train.click();
  await place.locator('.run-names li').first().waitFor();
  assert.equal(await place.locator('.run-names li').count(), 20);
  await close();
});

test('the engine says what is wrong, and goes on', async () => {
  const { page, value, close } = await openLab();
  const messages = await page.evaluate(async () => {
    const { engine } = window.microgptLab;
    const message = (promise) => promise.then(() => 'no error', (error) => error.message);
    return [
      await message(engine.register('broken', '{"format": "tiny-gpt-char-v1", "config": {')),
      await message(engine.register('broken', '{"format": "tiny-gpt-char-v1"}')),
      await message(engine.graph('L = a*')),
      await message(engine.graph('L = log(0*1)')),
      await message(engine.trace({ model: 'trained', text: 'Zoë' })),
      await message(engine.trace({ model: 'nobody', text: 'a' })),
      await message(engine.startTraining('', {})),
      await message(engine.startTraining('a\nb\n', { nEmbd: 1 << 20, nLayer: 64 })),
      await message(engine.value('toy#pos9.q')),
      await message(engine.checkPolicy('trained', '{"words": [')),
    ];
  });
  for (const message of messages) {
    assert.notEqual(message, 'no error');
    assert.doesNotMatch(message, /undefined|\[object|stopped/);
  }
  assert.equal(await value('toy#pos2.tok_emb[0]'), -0.3);
  await close();
});

test('chat takes a model of the reader, and says why it takes no other', async () => {
  const { page, close } = await openLab({ whole: false });
  const chat = await widget(page, 'chat-2');
  const choose = chat.locator('input[type=file]');
  const alert = chat.locator('[role=alert]');
  const right = readFileSync(join(site, 'model.json'), 'utf8');
  const model = JSON.parse(right);
  const command = () => chat.locator('.chat-command code').innerText();
  const refuses = async (name, content, pattern, stays = /sample model\.json/) => {
    await choose.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
    await alert.filter({ hasText: name }).waitFor();
    assert.match(await alert.innerText(), pattern);
    assert.doesNotMatch(await alert.innerText(), /undefined|\[object|stopped/);
    assert.match(await command(), stays);
  };
  await refuses('broken.json', '{"format": ]', /:1:\d+|line 1|expected/i);
  await refuses('truncated.json', right.slice(0, right.length / 2), /./);
  await refuses('other.json', JSON.stringify({ ...model, format: 'somebody-elses-v9' }), /somebody-elses-v9|format/);
  await refuses('empty.json', '', /empty/);
  await refuses('picture.json', [0xff, 0xd8, 0xff, 0xe0], /./);
  await refuses('list.json', '[1, 2, 3]', /./);

  await choose.setInputFiles({ name: 'own model.json', mimeType: 'application/json', buffer: Buffer.from(right) });
  await chat.getByText('from own model.json').waitFor();
  assert.equal(await alert.count(), 0);
  const ask = async (text, count) => {
    await chat.locator('.chat-form input').fill(text);
    await chat.locator('.chat-form input').press('Enter');
    await chat.locator('.chat-turn.model').nth(count).locator('.chat-name').first().waitFor();
    return chat.locator('.chat-turn.model').nth(count).locator('.chat-name').first().innerText();
  };
  assert.match(await ask('ka', 1), /^ka/);
  assert.match(await command(), /sample 'own model\.json' --seed \d+/);
  await checkNumbers(page, '[data-widget="Chat"]');
  await refuses('worse.json', '{', /./, /sample 'own model\.json'/);
  await chat.getByRole('button', { name: 'Back to the model of this page' }).click();
  await chat.getByText('trained on 32,033 names').waitFor();
  assert.match(await ask('em', 2), /^em/);
  assert.match(await command(), /sample model\.json/);
  await close();
});
