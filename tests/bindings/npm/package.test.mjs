// The npm package as a stranger uses it: installed into an empty folder, in Node and in Chromium.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lab, openPage, root } from '../web.mjs';

const work = mkdtempSync(join(tmpdir(), 'microgpt-npm-'));
const options = { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
after(() => rmSync(work, { recursive: true, force: true }));

const packed = execFileSync('node', [join(root, 'bindings/npm/build.mjs'), '--out', join(work, 'packed')], options);
writeFileSync(join(work, 'package.json'), '{"type": "module"}');
execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', packed.trim().split('\n').at(-1)], options);

const names = readFileSync(join(root, 'data/names.txt'), 'utf8');
writeFileSync(join(work, 'names.txt'), names);

// What a page and a program do alike: the answers in the same thread, and those of the worker.
writeFileSync(join(work, 'use.js'), `
import { EngineError, load, loadInWorker } from 'microgpt';

async function use(engine, names) {
  const training = await engine.startTraining(names, { numSteps: 50 });
  const losses = Array.from(await engine.train(training.id, 1000));
  await engine.trainedModel(training.id, 'mine');
  const samples = await engine.sample({ model: 'mine', seed: 42, temperature: 0.5, count: 20 });
  let error;
  try {
    await engine.sample({ model: 'mine', seed: 42, temperature: 0.5, count: 1, prefix: '?' });
  } catch (caught) {
    error = [caught instanceof EngineError, caught.message];
  }
  const bytes = await engine.startTraining(names, { numSteps: 1, tokens: 'byte' });
  const wrong = [];
  for (const settings of [{ seed: -1 }, { nLayer: 1.5 }, { numSteps: 2 ** 63 }, { tokens: 'word' }]) {
    try {
      await engine.startTraining(names, settings);
    } catch ({ message }) {
      wrong.push(message);
    }
  }
  for (const steps of [-1, NaN, 1.5, 2 ** 32 + 3]) {
    try {
      await engine.train(training.id, steps);
    } catch ({ message }) {
      wrong.push(message);
    }
  }
  return { version: await engine.version(), losses, samples, error, wrong, vocabSize: bytes.vocabSize };
}

export async function useBoth(names) {
  const here = await use(await load(), names);
  const { engine, close } = await loadInWorker();
  const there = await use(engine, names);
  const waiting = engine.sample({ model: 'mine', seed: 1, temperature: 1, count: 100000 }).catch((error) => error.message);
  close();
  const after = engine.version().catch((error) => error.message);
  return { here, there, closed: [await waiting, await after] };
}
`);

function native() {
  const program = process.env.MICROGPT_PROGRAM;
  execFileSync(program, ['train', '--engine', 'exact', '--num-steps', '50', '--data', 'names.txt', '--out', 'run', '--log', 'log', '--quiet'], options);
  const log = readFileSync(join(work, 'log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const samples = execFileSync(program, ['sample', 'run/model.json', '--engine', 'exact', '-n', '20'], options);
  return { losses: log.flatMap(({ loss }) => (loss === undefined ? [] : [loss])), samples: samples.split('\n').slice(0, -1) };
}

function check({ here, there, closed }) {
  const { losses, samples } = native();
  assert.match(here.version, /^\d+\.\d+\.\d+$/);
  assert.equal(here.losses.length, 50);
  // The two C libraries differ in some last bits: docs/decisions/0012-webassembly.md.
  here.losses.forEach((loss, i) => assert.ok(Math.abs(loss - losses[i]) < 1e-12, `loss ${i}: ${loss}, expected ${losses[i]}`));
  assert.deepEqual(here.samples, samples);
  assert.equal(here.error[0], true);
  assert.match(here.error[1], /'\?'/);
  assert.deepEqual(here.wrong, [
    'seed: expected an integer from 0 to 18446744073709551615, got -1',
    'nLayer: expected an integer from 0 to 2147483647, got 1.5',
    'numSteps: expected an integer from 0 to 9223372036854775807, got 9223372036854776000',
    "tokens: expected codepoint, grapheme, byte, got 'word'",
    'steps: expected an integer from 0 to 2147483647, got -1',
    'steps: expected an integer from 0 to 2147483647, got NaN',
    'steps: expected an integer from 0 to 2147483647, got 1.5',
    'steps: expected an integer from 0 to 2147483647, got 4294967299',
  ]);
  assert.deepEqual(there, here);
  assert.deepEqual(closed, ['the engine was closed', 'the engine was closed']);
}

test('in Node', () => {
  writeFileSync(join(work, 'main.js'), `
    import { readFileSync } from 'node:fs';
    import { useBoth } from './use.js';
    console.log(JSON.stringify(await useBoth(readFileSync('names.txt', 'utf8'))));`);
  check(JSON.parse(execFileSync('node', ['main.js'], { ...options, timeout: 60000 })));
});

test('in Chromium', async () => {
  writeFileSync(join(work, 'index.html'), `<!doctype html><title>test</title>
    <script type="importmap">{"imports": {"microgpt": "./node_modules/microgpt/browser.js"}}</script>
    <script type="module">
      import { useBoth } from './use.js';
      window.used = useBoth(await (await fetch('names.txt')).text());
    </script>`);
  const { page, close } = await openPage(work);
  await page.waitForFunction(() => window.used);
  check(await page.evaluate(() => window.used));
  await close();
});

test('has types', () => {
  writeFileSync(join(work, 'typed.ts'), `
    import { load, loadInWorker, EngineError, type Engine, type Settings } from 'microgpt';
    const engine: Engine = await load();
    const settings: Settings = { numSteps: 5, tokens: 'grapheme' };
    const losses: Float64Array = engine.train(engine.startTraining('ann', settings).id, 5);
    const { engine: there, close } = await loadInWorker();
    const version: string = await there.version();
    // @ts-expect-error: no such setting
    engine.startTraining('ann', { steps: 5 });
    // @ts-expect-error: of the worker it is a promise
    const sooner: string = there.version();
    export { losses, version, sooner, close, EngineError };`);
  cpSync(join(lab, 'node_modules/typescript'), join(work, 'node_modules/typescript'), { recursive: true });
  execFileSync('node', ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext',
    '--lib', 'es2022,dom', 'typed.ts'], { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
});

test('the document and the README run', () => {
  const microgpt = (...args) => execFileSync(process.env.MICROGPT_PROGRAM, args, options);
  microgpt('train', '--quiet', '--num-steps', '1', '--data', 'names.txt', '--out', 'one');
  microgpt('export', 'one', '--to', 'js', '--out', 'names.js');
  for (const document of ['docs/bindings.md', 'bindings/npm/README.md']) {
    const snippets = [...readFileSync(join(root, document), 'utf8').matchAll(/^```js\n(.*?)^```/gms)].map((match) => match[1]);
    assert.ok(snippets.length > 0, document);
    for (const snippet of snippets) {
      writeFileSync(join(work, 'snippet.js'), snippet);
      const printed = execFileSync('node', ['snippet.js'], { ...options, timeout: 60000 });
      assert.notEqual(printed, '', snippet);
    }
  }
});
