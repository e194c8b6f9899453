// The WebAssembly engine against the native program: usage: parity.mjs [--wasm FILE] [--program FILE]
// [--engine FILE], the last one engine.ts already bundled; else Vite does it.
//
// Every number is compared. They may be 1e-12 apart, relative to max(1, |x|): the two C libraries
// differ in some last bits (docs/decisions/0012-webassembly.md). How many are the same to the last
// bit is printed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const kApart = 1e-12;

const lab = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(lab, '..');
const { values: options } = parseArgs({
  options: {
    wasm: { type: 'string', default: join(root, 'build/wasm/microgpt.wasm') },
    program: { type: 'string', default: join(root, 'build/release/bin/microgpt') },
    engine: { type: 'string' },
  },
});

const work = await mkdtemp(join(tmpdir(), 'microgpt-parity-'));
try {
  await compareAll();
} finally {
  await rm(work, { recursive: true, force: true });
}

async function loadEngine() {
  let file = options.engine;
  if (file === undefined) {
    const { build } = await import('vite');
    await build({ root: lab, configFile: false, logLevel: 'warn', build: { ssr: 'src/engine/engine.ts', outDir: work } });
    file = join(work, 'engine.js');
  }
  const { WasmEngine } = await import(pathToFileURL(resolve(file)));
  const names = await readFile(join(root, 'data/names.txt'), 'utf8');
  return { engine: await WasmEngine.instantiate(await readFile(options.wasm), { names }), names };
}

function native(...args) {
  return execFileSync(options.program, args, { encoding: 'utf8', cwd: work, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
}

function compare(what, mine, theirs) {
  assert.equal(mine.length, theirs.length, what);
  let same = 0;
  let worst = 0;
  for (let i = 0; i < mine.length; ++i) {
    if (Object.is(mine[i], theirs[i]) || mine[i] === theirs[i]) {
      ++same;
      continue;
    }
    const apart = Math.abs(mine[i] - theirs[i]) / Math.max(1, Math.abs(theirs[i]));
    worst = Math.max(worst, apart);
    assert.ok(apart <= kApart, `${what}: number ${i} is ${mine[i]}, and ${theirs[i]} natively`);
  }
  console.log(`${what}: ${same} of ${mine.length} the same to the last bit, at most ${worst.toExponential(1)} apart`);
}

function compareTrace(what, trace, args) {
  const { traced } = JSON.parse(native('trace', ...args, '--json'));
  assert.deepEqual(trace.traced.map(({ name }) => name), traced.map(({ name }) => name), what);
  for (const [i, { formula, file, line, python_line: pythonLine, parents, shape }] of traced.entries()) {
    const { traced: { [i]: mine } } = trace;
    assert.deepEqual([mine.formula, mine.file, mine.line, mine.pythonLine, mine.parents, mine.shape],
      [formula, file, line, pythonLine, parents, shape], mine.name);
  }
  const all = (list, of) => list.flatMap((one) => [...(of(one) ?? [])]);
  compare(`${what}: values`, all(trace.traced, ({ data }) => data), all(traced, ({ data }) => data));
  compare(`${what}: gradients`, all(trace.traced, ({ grad }) => grad), all(traced, ({ grad }) => grad));
}

async function compareAll() {
  const { engine, names } = await loadEngine();
  const data = join(root, 'data/names.txt');
  compareTrace('toy ab', engine.trace({ model: 'toy', text: 'ab', backward: true }), ['toy', 'ab', '--backward']);
  compareTrace('toy ab, cache as printed',
    engine.trace({ model: 'toy', tokens: [2, 0], printedCache: true, backward: true }),
    ['toy', 'ab', '--cache', 'printed', '--backward']);
  compareTrace('toy ab, rounded', engine.trace({ model: 'toy', text: 'ab', round: 2, backward: true }),
    ['toy', 'ab', '--round', '2', '--backward']);
  compareTrace('untrained emma', engine.trace({ model: 'untrained', text: 'emma', backward: true }),
    ['untrained', 'emma', '--data', data, '--backward']);

  native('train', '--engine', 'exact', '--data', data, '--out', 'run', '--log', 'log.jsonl', '--quiet');
  const log = (await readFile(join(work, 'log.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  const training = engine.startTraining(names, {});
  const begin = performance.now();
  const losses = engine.train(training.id, 1000);
  const milliseconds = Math.round(performance.now() - begin);
  compare('1,000 losses', [...losses], log.filter(({ loss }) => loss !== undefined).map(({ loss }) => loss));
  console.log(`1,000 steps in ${milliseconds} ms`);

  engine.register('trained', await readFile(join(work, 'run/model.json'), 'utf8'));
  compareTrace('trained emma', engine.trace({ model: 'trained', text: 'emma', backward: true }),
    ['run/model.json', 'emma', '--backward']);
  engine.trainedModel(training.id, 'trained here');
  for (const model of ['trained', 'trained here']) {
    const samples = engine.sample({ model, seed: 42, temperature: 0.5, count: 200 });
    const sampled = native('sample', 'run', '--engine', 'exact', '--seed', '42', '--temperature', '0.5', '-n', '200');
    assert.deepEqual(samples, sampled.trimEnd().split('\n'), `samples of the model ${model}`);
  }
  console.log('200 samples: the same, of the native model and of the one trained here');

  const { traced } = engine.trace({ model: 'toy', text: 'ab', backward: true });
  for (const { name, data: numbers, grad } of traced.filter(({ name: n }) => n.startsWith('layer0') || n === 'wte')) {
    const tried = engine.numericalGradient({ model: 'toy', text: 'ab' }, name, 1e-5);
    for (let i = 0; i < numbers.length; ++i) assert.ok(Math.abs(tried[i] - grad[i]) < 1e-8, name);
  }
  console.log('central differences of the toy: within 1e-8 of its gradients');

  // Texts of numbers, by formulas whose numbers are the leaves themselves.
  const formulas = JSON.parse(native('trace', 'toy', 'ab', '--backward', '--json', '--formulas'));
  for (const { name, shape, formulas: theirs } of formulas.traced) {
    if (shape.length !== 1) continue;
    theirs.forEach((formula, i) => assert.equal(engine.card(`computed?text=ab#${name}[${i}]`).formula, formula));
  }
  console.log('formulas: the same');
}
