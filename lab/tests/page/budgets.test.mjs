// How large, how quick. Sizes and memory are asserted; times depend on the machine and are printed.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openLab, program, root, site, widget } from './harness.mjs';

const KB = 1024;
const size = (file) => gzipSync(readFileSync(join(site, file)), { level: 9 }).length;

test('the whole lab is at most 900 KB gzipped', (t) => {
  const files = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !/^file(-data)?\.js$/.test(file.name)) // those are for file:// instead
    .map((file) => join(file.parentPath ?? file.path, file.name).slice(site.length + 1));
  const all = files.reduce((sum, file) => sum + size(file), 0);
  t.diagnostic(`${(all / KB).toFixed(0)} KB in ${files.length} files`);
  assert.ok(all <= 900 * KB, `${all} bytes`);
});

test('the whole text with all first pictures is at most 150 KB gzipped', (t) => {
  const bytes = size('text.html');
  t.diagnostic(`${(bytes / KB).toFixed(0)} KB`);
  assert.ok(bytes <= 150 * KB, `${bytes} bytes`);
});

test('the first view takes at most 100 KB gzipped, the engine and its weights 300 more', async (t) => {
  const files = new Set();
  const { page, close } = await openLab({
    whole: false,
    prepare: (opened) => opened.on('response', (response) => files.add(new URL(response.url()).pathname.slice(1) || 'index.html')),
  });
  await page.waitForSelector('[data-widget="Chat"][data-live="true"]');
  const first = [...files].filter((file) => file !== 'text.html'); // the other chapters come when all this is there
  const isEngine = (file) => /wasm|model/.test(file);
  const sum = (list) => list.reduce((bytes, file) => bytes + size(file), 0);
  const engine = sum(first.filter(isEngine));
  const view = sum(first.filter((file) => !isEngine(file)));
  t.diagnostic(`${(view / KB).toFixed(0)} KB and ${(engine / KB).toFixed(0)} KB: ${first.map((file) => `${file} ${(size(file) / KB).toFixed(0)}`).join(', ')}`);
  assert.ok(view <= 100 * KB, `${view} bytes`);
  assert.ok(engine <= 300 * KB, `${engine} bytes`);
  await close();
});

test('1,000 steps of the default model, beside the program', async (t) => {
  const { page, close } = await openLab({ hash: '#run' });
  const here = await page.evaluate(async () => {
    const { engine } = window.microgptLab;
    const names = await (await fetch('names.txt')).text();
    const times = [];
    let losses;
    for (let round = 0; round < 3; ++round) {
      const training = await engine.startTraining(names, {});
      const began = performance.now();
      losses = Array.from(await engine.train(training.id, 1000));
      times.push((performance.now() - began) / 1000);
      await engine.endTraining(training.id);
    }
    return { seconds: times.sort((a, b) => a - b)[1], losses, memory: await engine.memory() };
  });
  const folder = mkdtempSync(join(tmpdir(), 'lab-native-'));
  const began = performance.now();
  execFileSync(program, ['train', '--data', join(root, 'data/names.txt'), '--engine', 'exact', '--out', folder], { stdio: 'ignore' });
  const native = (performance.now() - began) / 1000;
  rmSync(folder, { recursive: true });
  t.diagnostic(`${here.seconds.toFixed(3)} s in the page, ${native.toFixed(3)} s for the whole program`);
  const golden = JSON.parse(readFileSync(join(root, 'lab/src/widgets/run/parts/golden-embedded.json'), 'utf8')).losses;
  assert.equal(golden.length, 1000);
  golden.forEach((loss, i) => assert.ok(Math.abs(loss - here.losses[i]) <= 1e-9, `step ${i + 1}: ${here.losses[i]}, Python ${loss}`));
  assert.ok(here.memory <= 64 * KB * KB, `${here.memory} bytes in the worker`);
  await close();
});

test('nothing holds the page up for long', async (t) => {
  const { page, close } = await openLab({
    prepare: (opened) => opened.addInitScript(() => {
      window.longTasks = [];
      new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({ type: 'longtask', buffered: true });
    }),
  });
  for (const id of ['neuron-bias', 'attention-playground', 'temperature']) {
    const place = await widget(page, id);
    const slider = place.locator('input[type=range]').first();
    const times = await slider.evaluate(async (input) => {
      const taken = [];
      for (let i = 0; i < 20; ++i) {
        input.value = String(Number(input.min) + ((Number(input.max) - Number(input.min)) * (i + 1)) / 22);
        const before = input.closest('.figure').textContent;
        const began = performance.now();
        input.dispatchEvent(new Event('input', { bubbles: true }));
        while (input.closest('.figure').textContent === before && performance.now() - began < 500) await new Promise(requestAnimationFrame);
        taken.push(performance.now() - began);
      }
      return taken.sort((a, b) => a - b);
    });
    t.diagnostic(`${id}: slider to picture ${times[10].toFixed(1)} ms (median), ${times[19].toFixed(1)} ms at most`);
  }
  const tasks = await page.evaluate(() => window.longTasks);
  t.diagnostic(`tasks over 50 ms: ${tasks.length}${tasks.length > 0 ? `, the longest ${Math.max(...tasks).toFixed(0)} ms` : ''}`);
  await close();
});
