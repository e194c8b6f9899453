// examples/web in Chromium, with a model exported as JavaScript and as WebAssembly.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage, root } from './web.mjs';

const work = mkdtempSync(join(tmpdir(), 'microgpt-page-'));
after(() => rmSync(work, { recursive: true, force: true }));

function microgpt(...args) {
  return execFileSync(process.env.MICROGPT_PROGRAM, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

microgpt('train', '--quiet', '--out', 'run', '--data', join(root, 'data/names.txt'));
cpSync(join(root, 'examples/web/index.html'), join(work, 'index.html'));

for (const target of ['js', 'wasm']) {
  test(`the page invents names with ${target}`, async () => {
    microgpt('export', 'run', '--to', target, '--out', 'names.js');
    const { page, close } = await openPage(work);
    const shown = () => page.locator('li').allInnerTexts();
    const expected = (...args) => microgpt('sample', 'run/model.json', '--engine', 'exact', '-n', '10', ...args).split('\n').slice(0, -1);
    await page.locator('li').first().waitFor();
    assert.deepEqual(await shown(), expected());
    await page.getByLabel('beginning with').fill('jo');
    await page.getByRole('button').click();
    assert.deepEqual(await shown(), expected('--seed', '43', '--prefix', 'jo'));
    await page.getByLabel('beginning with').fill('4');
    await page.getByRole('button').click();
    assert.match(await page.getByRole('alert').innerText(), /'4'/);
    await close();
  });
}
