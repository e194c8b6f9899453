// A folder in Chromium, served from here. A page fails its test for an error on its console, an
// exception, or a request to any other place.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const lab = join(root, 'lab');
const { chromium } = createRequire(join(lab, 'package.json'))('playwright-core');

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.txt': 'text/plain' };

function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://page').pathname);
    try {
      const body = readFileSync(join(folder, path === '/' ? 'index.html' : path));
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'text/html' }).end(body);
    } catch {
      response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
    }
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

export async function openPage(folder) {
  const server = await serve(folder);
  const home = mkdtempSync(join(tmpdir(), 'microgpt-browser-'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'], env: { ...process.env, HOME: home },
  });
  const page = await browser.newPage();
  const address = `http://127.0.0.1:${server.address().port}/`;
  const faults = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => request.url().startsWith(address) || faults.push(`a request to ${request.url()}`));
  await page.goto(address);
  return {
    page,
    async close() {
      await browser.close();
      server.close();
      rmSync(home, { recursive: true, force: true });
      assert.deepEqual(faults, []);
    },
  };
}
