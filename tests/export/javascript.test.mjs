// What microgpt export --to TARGET writes, js or wasm, of models of all kinds, against the program's
// samples.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after } from 'node:test';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const work = mkdtempSync(join(tmpdir(), 'microgpt-export-'));
after(() => rmSync(work, { recursive: true, force: true }));

const TARGET = process.env.MICROGPT_TARGET;
const NAMES = join(root, 'data/names.txt');
const HINDI = join(work, 'hindi.txt');
writeFileSync(HINDI, 'नमस्ते\nदिल्ली\nहिन्दी\nज़ोया\ne\u0301mile\nb\ufeffb\n');

function microgpt(...args) {
  return execFileSync(process.env.MICROGPT_PROGRAM, args, { encoding: 'utf8', cwd: work, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function trained(name, ...args) {
  microgpt('train', '--quiet', '--out', name, ...args);
  const file = join(work, `${name}.mjs`);
  microgpt('export', name, '--to', TARGET, '--out', file);
  return import(pathToFileURL(file));
}

function samplesOf(name, ...args) {
  return microgpt('sample', `${name}/model.json`, '--engine', 'exact', ...args).split('\n').slice(0, -1);
}

for (const [name, ...args] of [
  ['names', '--data', NAMES],
  ['first', '--data', NAMES, '--edition', 'first', '--num-steps', '200'],
  ['deep', '--data', NAMES, '--n-layer', '2', '--activation', 'relu2', '--num-steps', '100'],
  ['narrow', '--data', NAMES, '--n-embd', '20', '--n-head', '5', '--num-steps', '100'],
  ['graphemes', '--data', HINDI, '--tokens', 'grapheme', '--num-steps', '100'],
  ['codepoints', '--data', HINDI, '--num-steps', '100'],
]) {
  test(`${name}: the program's names`, async () => {
    const { sample, tokens, config, encode } = await trained(name, ...args);
    for (const document of readFileSync(args[1], 'utf8').trim().split('\n').slice(0, 50)) {
      assert.equal(encode(document).map((id) => tokens[id]).join(''), document);
    }
    assert.equal(tokens.length, config.vocab_size);
    const prefix = tokens.reduce((a, b) => (b.length > a.length ? b : a)); // several code points, if one has
    assert.deepEqual(sample({ n: 50 }), samplesOf(name, '-n', '50'));
    assert.deepEqual(sample({ n: 10, seed: 2n ** 64n - 1n, temperature: 1.5, prefix }),
      samplesOf(name, '-n', '10', '--seed', '18446744073709551615', '--temperature', '1.5', '--prefix', prefix));
    assert.deepEqual(sample({ n: 2, temperature: 0 }), samplesOf(name, '-n', '2', '--temperature', '0'));
  });
}

test('bytes are put together to letters', async () => {
  const { sample, encode, tokens } = await trained('bytes', '--data', HINDI, '--tokens', 'byte', '--num-steps', '100');
  assert.equal(encode('ल').map((id) => tokens[id]).join(''), '\u00e0\u00a4\u00b2');
  assert.deepEqual(sample({ n: 20 }), samplesOf('bytes', '-n', '20'));
  assert.deepEqual(sample({ n: 1, prefix: '\ufeff' }), samplesOf('bytes', '-n', '1', '--prefix', '\ufeff'));
});

test('logits and probabilities', async () => {
  const { logits, probs, tokens, encode } = await trained('small', '--data', NAMES, '--num-steps', '1');
  const next = logits('an');
  assert.equal(next.length, tokens.length);
  assert.ok(Math.abs(probs('an', 0.7).reduce((sum, p) => sum + p) - 1) < 1e-12);
  assert.deepEqual(encode('ba'), [1, 0]);
  assert.equal(probs('an', 0).indexOf(1), next.indexOf(Math.max(...next)));
});

test('what is wrong is said', async () => {
  const { sample, logits } = await import(pathToFileURL(join(work, 'names.mjs')));
  assert.throws(() => logits('x!'), /'!'.* not in the |not in the .*'!'/);
  assert.throws(() => sample({ prefix: 'a'.repeat(16) }), /prefix: too long, expected at most 15 .*got 16/);
  assert.throws(() => sample({ temperature: -1 }), /temperature: out of range/);
  assert.throws(() => sample({ temperature: NaN }), /temperature: out of range/);
  assert.throws(() => sample({ seed: -1 }), /seed: expected .*0 to .*got -1/);
  assert.throws(() => sample({ seed: 2n ** 64n }), /seed: expected .*0 to /);
  assert.throws(() => sample({ seed: 1.5 }), /1\.5/);
});
