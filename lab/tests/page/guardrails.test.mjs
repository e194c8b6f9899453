// The arena: policies, the bot under three guards, the audit and the score, beside the native program.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNumbers, live, openLab, program, root } from './harness.mjs';

const ARENA = '[data-widget="Arena"]';
const MODEL = join(root, 'lab/public/model.json');

async function arena(options) {
  const opened = await openLab(options);
  return { ...opened, place: await live(opened.page, ARENA) };
}

const native = (...args) => JSON.parse(execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 }));

test('the first answers, and a request of one\u2019s own', async () => {
  const { page, place, close } = await arena();
  await checkNumbers(page, ARENA);
  const log = place.locator('.arena-log');
  assert.match(await log.innerText(), /REFUSE: The prefix "figs" contains a fruit, "fig"/);
  await place.locator('.arena-request input').fill('123');
  await page.keyboard.press('Enter');
  await log.getByText('REFUSE: input had no usable letters (a-z).').waitFor();
  await close();
});

test('without a guard banned words come out, with one they do not', async () => {
  const { page, place, close } = await arena();
  const tally = place.locator('.arena-chat .arena-soft');
  await place.getByRole('button', { name: 'Try them all' }).click();
  await tally.getByText('21 requests so far, a banned word came out in 0.').waitFor();
  await place.locator('input[value="off"]').check();
  await place.getByRole('button', { name: 'figs', exact: true }).click();
  await place.locator('.arena-log .arena-leak').waitFor();
  await tally.getByText('22 requests so far, a banned word came out in 1.').waitFor();
  // By the arrow keys: the next guard.
  await place.locator('input[value="off"]').focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await place.locator('input[value="resample"]').isChecked(), true);
  await close();
});

test('many names at each guard', async () => {
  const { page, value, place, close } = await arena();
  const counts = {};
  for (const guard of ['off', 'resample', 'certified']) {
    await place.locator(`input[value="${guard}"]`).check();
    await place.getByRole('button', { name: 'Ask for them' }).click();
    await place.locator(`[data-trace*="guard=${guard}"][data-trace$="#leaked"]`).waitFor();
    await checkNumbers(page, `${ARENA} .arena-part`);
    counts[guard] = await value(await place.locator('[data-trace$="#leaked"]').getAttribute('data-trace'));
    assert.equal(await place.locator('.arena-names .arena-leak').count() > 0, guard === 'off');
  }
  // 0.16 to 0.25 of them, says the audit.
  assert.ok(counts.off > 60 && counts.off < 130, `${counts.off} of 500`);
  assert.deepEqual([counts.resample, counts.certified], [0, 0]);
  await close();
});

test('a policy of one\u2019s own, and one that is wrong', async () => {
  const { page, place, close } = await arena();
  await place.locator('select').first().selectOption('own');
  await place.locator('#arena-facts').getByText('7').waitFor();
  await checkNumbers(page, `${ARENA} .arena-policy`);
  const words = place.locator('textarea');
  await words.fill('{"format": "microgpt-policy-v1", "name": "x", "wrods": []}');
  await place.getByText('unknown key "wrods"').waitFor();
  await place.getByText('still in force').waitFor();
  await words.fill('kiwi\n');
  await page.waitForFunction(() => document.querySelector('#arena-facts [data-trace$="#words"]')?.textContent === '1');
  await place.getByLabel('digits').uncheck();
  await page.waitForFunction(() => document.querySelector('.arena-words').value.includes('"normal_forms"'));
  assert.deepEqual(JSON.parse(await words.inputValue()), {
    format: 'microgpt-policy-v1', name: 'own', words: ['kiwi'], normal_forms: ['case', 'accents', 'repeats', 'lookalikes', 'separators'],
  });
  await place.getByRole('button', { name: 'figs', exact: true }).click();
  await place.locator('.arena-log').getByText(/OK: figs/).waitFor(); // no longer banned
  await checkNumbers(page, ARENA);
  await close();
});

test('the audit is that of the program', async () => {
  const { page, value, place, close } = await arena();
  await place.getByRole('button', { name: 'Audit these' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.arena-audit tbody tr').length === 6, null, { timeout: 30000 });
  await place.getByRole('button', { name: 'Audit these' }).waitFor();
  await checkNumbers(page, `${ARENA} .arena-audit`);
  const prefixes = ['pea', 'lem', 'app', 'me', 'f'];
  const report = native('audit', MODEL, ...prefixes.flatMap((prefix) => ['--prefix', prefix]), '--prefix-length', '0', '--prune', '1e-4', '--prune-prefixes', '1e-4', '--json');
  const rows = await place.locator('.arena-audit tbody tr').evaluateAll((all) => all.map((row) => ({
    sources: [...row.querySelectorAll('[data-trace]')].map((one) => one.dataset.trace), witness: row.children[4].textContent,
  })));
  const theirs = [report, ...prefixes.map((prefix) => report.attacks.find((attack) => attack.prefix === prefix))];
  for (const [i, { unsafe }] of theirs.entries()) {
    assert.ok(Math.abs(await value(rows[i].sources[0]) - unsafe.at_least) <= 1e-12, rows[i].sources[0]);
    assert.ok(Math.abs(await value(rows[i].sources[1]) - unsafe.at_most) <= 1e-12, rows[i].sources[1]);
  }
  assert.deepEqual(rows.slice(1).map(({ witness }) => witness), ['pear', 'lemon', 'apple', 'melon', 'fig']);
  await close();
});

test('an audit can be stopped', async () => {
  const { place, close } = await arena();
  await place.getByRole('button', { name: 'Audit all letters' }).click();
  await place.locator('.arena-audit tbody tr').first().waitFor();
  await place.getByRole('button', { name: 'Stop' }).click();
  await place.getByRole('button', { name: 'Audit all letters' }).waitFor();
  assert.ok(await place.locator('.arena-audit tbody tr').count() < 26);
  await close();
});

test('the score is that of the program', async () => {
  const { page, place, close } = await arena();
  for (const guard of ['certified', 'off']) {
    await place.locator(`input[value="${guard}"]`).check();
    await place.getByRole('button', { name: 'Grade the bot' }).click();
    await place.locator(`.arena-score [data-trace*="guard=${guard}"]`).first().waitFor();
    await checkNumbers(page, `${ARENA} .arena-score`);
    const report = native('grade', '--seed', '7', '--json', '--', program, 'bot', MODEL, '--policy', '{policy}', '--guard', guard, '--seed', '7');
    const shown = await place.locator('.arena-score [data-trace]').allInnerTexts();
    assert.deepEqual(shown.map(Number), report.groups.map(({ points }) => points), guard);
    assert.equal(report.points, guard === 'off' ? 50 : 100);
  }
  await place.getByText(/53 of 152 cases failed|\d+ of \d+ cases failed/).click();
  await close();
});

test('the arena by touch', async () => {
  const { place, close } = await arena({ width: 375, context: { hasTouch: true, isMobile: true } });
  await place.getByRole('button', { name: 'pea', exact: true }).tap();
  await place.getByText('4 requests so far').waitFor();
  assert.equal(await place.evaluate((widget) => widget.scrollWidth <= widget.clientWidth), true);
  await close();
});
