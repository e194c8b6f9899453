// Builds the page into a folder: usage: build.mjs [--out DIR] [--wasm FILE] [--program FILE]
//
//   1. the page's modules, its one file for file://, the prerenderer, and the module that
//      `microgpt export --to wasm` adds a model to, by Vite
//   2. index.html and text.html by the prerenderer: the text and the first picture of each widget,
//      numbers filled in
//   3. what is served as it is
import { build } from 'vite';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const lab = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(lab, '..');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'build/lab/site') },
    wasm: { type: 'string', default: join(root, 'build/wasm') },
    program: { type: 'string', default: join(root, 'build/release/bin/microgpt') },
  },
});

process.chdir(lab);
const out = resolve(options.out);
await mkdir(dirname(out), { recursive: true });
const work = await mkdtemp(join(lab, 'node_modules/.lab-')); // Node finds the packages from here
const site = join(work, 'site');

try {
  const client = await build({ build: { outDir: site, emptyOutDir: true } });
  await build({ mode: 'file', build: { outDir: join(work, 'file'), emptyOutDir: true } });
  await build({ mode: 'standalone', build: { outDir: join(work, 'standalone'), emptyOutDir: true } });
  await build({ build: { outDir: join(work, 'prerender'), emptyOutDir: true, ssr: 'build/prerender.ts' } });

  const names = client.output.map((chunk) => chunk.fileName);
  const entry = client.output.find((chunk) => chunk.isEntry).fileName;
  const styles = names.filter((name) => name.endsWith('.css'));
  await cp(join(work, 'file/file.js'), join(site, 'file.js'));
  await cp(join(work, 'standalone/standalone.js'), join(site, 'standalone.js'));
  await cp(join(lab, 'public'), site, { recursive: true });
  await cp(join(root, 'data/names.txt'), join(site, 'names.txt'));
  for (const file of await readdir(options.wasm)) {
    if (file.endsWith('.wasm')) await cp(join(options.wasm, file), join(site, file));
  }

  const { prerender } = await import(pathToFileURL(join(work, 'prerender/prerender.js')));
  const { index, text } = await prerender({ root, program: options.program, site, entry, styles });
  await writeFile(join(site, 'index.html'), index);
  await writeFile(join(site, 'text.html'), text);
  // For file://, where nothing can be fetched.
  const base64 = async (file) => (await readFile(join(site, file))).toString('base64');
  await writeFile(join(site, 'file-data.js'), `window.labFiles = ${JSON.stringify({
    wasm: await base64('microgpt.wasm'),
    model: await readFile(join(site, 'model.json'), 'utf8'),
    names: await readFile(join(site, 'names.txt'), 'utf8'),
  })};\n`);

  await rm(out, { recursive: true, force: true });
  await rename(site, out);
  await report(out);
} finally {
  await rm(work, { recursive: true, force: true });
}

async function report(folder) {
  const sizes = {};
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath ?? file.path, file.name);
    sizes[path.slice(folder.length + 1)] = gzipSync(await readFile(path), { level: 9 }).length;
  }
  const names = Object.keys(sizes);
  const twin = (name) => name.startsWith('file') || name === 'standalone.js'; // not for the page that is served
  const kilobytes = (list) => Math.round(list.reduce((sum, name) => sum + sizes[name], 0) / 1024);
  console.error(`lab: ${folder}: ${kilobytes(names.filter((name) => !twin(name)))} KB gzipped, and ${kilobytes(names.filter(twin))} KB besides`);
}
