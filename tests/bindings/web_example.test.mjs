// examples/web in Chromium, with a model exported as JavaScript.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage, root } from './web.mjs';

test('the page invents names', async () => {
  const work = mkdtempSync(join(tmpdir(), 'microgpt-page-'));
  const microgpt = (...args) => execFileSync(process.env.MICROGPT_PROGRAM, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    microgpt('train', '--quiet', '--out', 'run', '--data', join(root, 'data/names.txt'));
    const template = readFileSync(join(root, 'src/export/gpt.js.in'), 'utf8');
    writeFileSync(join(work, 'names.js'), template.replace('@MODEL_JSON@', () => readFileSync(join(work, 'run/model.json'), 'utf8')));
    cpSync(join(root, 'examples/web/index.html'), join(work, 'index.html'));
    const { page, close } = await openPage(work);
    const shown = () => page.locator('li').allInnerTexts();
    const expected = (...args) => microgpt('sample', 'run/model.json', '--engine', 'exact', '-n', '10', ...args).split('\n').slice(0, -1);
    assert.deepEqual(await shown(), expected());
    await page.getByLabel('beginning with').fill('jo');
    await page.getByRole('button').click();
    assert.deepEqual(await shown(), expected('--seed', '43', '--prefix', 'jo'));
    await page.getByLabel('beginning with').fill('4');
    await page.getByRole('button').click();
    assert.match(await page.getByRole('alert').innerText(), /'4'/);
    await close();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
