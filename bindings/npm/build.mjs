// Makes the package, and packs it: usage: build.mjs [--out DIR] [--wasm FILE]
//
// The engine's sources are the lab's; its node_modules have what they are bundled with.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const modules = join(root, 'lab/node_modules');
const { rolldown } = await import(pathToFileURL(join(modules, 'rolldown/dist/index.mjs')));

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'build/npm') },
    wasm: { type: 'string', default: join(root, 'build/wasm/microgpt.wasm') },
  },
});
const folder = join(options.out, 'microgpt');

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await cp(join(here, 'package.json'), join(folder, 'package.json'));
await bundle();
await declare();
await cp(options.wasm, join(folder, 'microgpt.wasm'));
await cp(join(here, 'README.md'), join(folder, 'README.md'));
await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'));
await setVersion();
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', options.out], { cwd: folder, encoding: 'utf8' });
console.log(join(options.out, packed.trim()));

/** The modules that are imported by name, and one that they share. */
async function bundle() {
  const names = ['browser', 'node', 'worker', 'node-worker'];
  const bundled = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(here, 'src', `${name}.ts`)])),
    external: /^node:/,
    transform: { target: 'es2022' },
  });
  await bundled.write({ dir: folder, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' });
  await bundled.close();
}

/** index.d.ts, with the types of the engine in types.d.ts. */
async function declare() {
  const work = await mkdtemp(join(tmpdir(), 'microgpt-types-'));
  try {
    execFileSync(process.execPath, [join(modules, 'typescript/bin/tsc'), '-p', here, '--outDir', work], { stdio: 'inherit' });
    const own = join(work, 'bindings/npm/src');
    for (const [from, to] of [[`${own}/browser`, 'index'], [`${own}/api`, 'api'], [join(work, 'lab/src/engine/types'), 'types']]) {
      const text = await readFile(`${from}.d.ts`, 'utf8');
      await writeFile(join(folder, `${to}.d.ts`), text.replaceAll(/'(?:\.\.\/)*(?:\.\/|lab\/src\/engine\/)(\w+)'/g, "'./$1.js'"));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** That of the library, which tells it itself. */
async function setVersion() {
  const { load } = await import(pathToFileURL(join(folder, 'node.js')));
  const version = (await load()).version();
  const description = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ ...description, version }, null, 2)}\n`);
}
