// The page in Chromium, as `microgpt lab` serves it. One browser and one server for a test file.
//
//   const { page, value, close } = await openLab({ hash: '#tokenizer', theme: 'dark', width: 375 });
//
// Each page fails its test, when it is closed, for an error on the console, an exception, or a request
// to any other place than the server.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const program = process.env.MICROGPT_PROGRAM ?? join(root, 'build/release/bin/microgpt');
export const site = process.env.MICROGPT_LAB_SITE ?? join(root, 'build/lab/site');

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--force-color-profile=srgb'];

const servers = new Map();
let browser;

/** The address of a server of a folder with the page: `microgpt lab` itself. */
export function serve(folder = site) {
  if (!servers.has(folder)) servers.set(folder, started(folder));
  return servers.get(folder);
}

function started(folder) {
  return new Promise((done, fail) => {
    const process = spawn(program, ['lab', '--site', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', error = '';
    process.stderr.on('data', (data) => { error += data; });
    process.stdout.on('data', (data) => {
      out += data;
      const address = /http:\/\/[\w.]+:\d+\//.exec(out)?.[0];
      if (address) done({ address, process });
    });
    process.on('exit', () => fail(new Error(`microgpt lab ended: ${error}`)));
  });
}

async function chromiumOnce() {
  browser ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-browser-'));
    const launched = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS, env: { ...process.env, HOME: folder } });
    return { launched, folder };
  })();
  return browser;
}

after(async () => {
  if (browser) {
    const { launched, folder } = await browser;
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const server of servers.values()) (await server).process.kill('SIGINT');
});

/**
 * Opens the page.
 *   whole: waits until all chapters are there
 *   allow: patterns of console messages that the test expects
 *   address: another one than the server's
 *   context: options of the browser context besides
 */
export async function openLab({ hash = '', theme = 'light', width = 1280, height = 900, allow = [], whole = true, address, context: more = {}, prepare } = {}) {
  const { launched } = await chromiumOnce();
  const home = address ?? (await serve()).address;
  const context = await launched.newContext({ viewport: { width, height }, colorScheme: theme, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(60000); // the machine may be busy with other tests
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !allow.some((pattern) => pattern.test(message.text()))) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => {
    if (!allow.some((pattern) => pattern.test(error.message))) faults.push(`exception: ${error.message}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(home.replace(/[^/]*$/, '')) && !/^(data|blob):/.test(url)) faults.push(`outside request: ${url}`);
  });
  if (prepare) await prepare(page, context);
  await page.goto(home + hash, { waitUntil: 'load' });
  if (more.javaScriptEnabled !== false && whole) await page.waitForSelector('html[data-whole]');
  return {
    page,
    context,
    /** What the engine in the page computes for a source. */
    value: (source) => page.evaluate((one) => window.microgptLab.engine.value(one), source),
    async close() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** Brings a widget's place into view and waits until it is alive. */
export async function live(page, selector) {
  const place = page.locator(selector).first();
  await place.scrollIntoViewIfNeeded();
  await page.waitForSelector(`${selector}[data-live="true"]`);
  return place;
}

export const widget = (page, id) => live(page, `[data-id="${id}"]`);

/** Brings all widgets of a chapter alive. */
export async function chapter(page, id) {
  const ids = await page.locator(`#${id} [data-widget]`).evaluateAll((places) => places.map((place) => place.dataset.id));
  for (const one of ids) await widget(page, one);
  return page.locator(`#${id}`);
}

/** The slider of a label. */
export const slider = (place, name) => place.locator('.slider').filter({ has: place.page().locator(`.slider-label:text-is("${name}")`) }).locator('input');

/** The first number of a name: what is shown, and its source. */
export async function read(place, name) {
  const number = place.locator(`[data-trace$="#${name}"]`).first();
  return { text: await number.textContent(), source: await number.getAttribute('data-trace') };
}

/** Asks until the answer is what is wanted, or `wanted` says that it is; fails after a while. */
export async function until(what, wanted) {
  const isRight = (one) => (typeof wanted === 'function' ? wanted(one) : isDeepStrictEqual(one, wanted));
  let last;
  for (let tries = 0; tries < 100; ++tries) {
    last = await what();
    if (isRight(last)) return last;
    await new Promise((done) => setTimeout(done, 30));
  }
  assert.deepEqual(last, wanted);
}

/** Waits until the first number of a name is shown as a text. */
export const shows = (place, name, text) => until(async () => (await read(place, name)).text, text);

/** What the engine says now to the sources of some numbers. */
export async function values(page, selector) {
  const sources = await page.locator(selector).evaluateAll((all) => all.map((one) => one.dataset.trace));
  return page.evaluate((list) => Promise.all(list.map((one) => window.microgptLab.engine.value(one))), sources);
}

export const near = (got, expected, within = 5.1e-7) => assert.ok(Math.abs(got - expected) < within, `${got}, expected ${expected}`);

/** Every number within an element: compares what is shown with what the engine computes now. */
export async function checkNumbers(page, selector) {
  const wrong = await page.evaluate(async (within) => {
    const { engine, format, grouped } = window.microgptLab;
    const elements = [...document.querySelectorAll(`${within} [data-trace]`)];
    const found = [];
    for (const element of elements) {
      const { trace, digits } = element.dataset;
      const value = await engine.value(trace).catch((error) => error.message);
      const right = typeof value === 'number' ? (digits === '0' ? grouped(value) : format(value, Number(digits))) : `an error: ${value}`;
      if (element.textContent.trim() !== right && element.textContent.trim() !== '') found.push(`${trace}: shown ${element.textContent.trim()}, the engine says ${right}`);
    }
    return { count: elements.length, found };
  }, selector);
  assert.deepEqual(wrong.found, []);
  return wrong.count;
}

/** What reaches over the right edge, unless it scrolls within something. */
export async function tooWide(page, width) {
  await page.setViewportSize({ width, height: 700 });
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const within = (element) => {
      for (let around = element.parentElement; around; around = around.parentElement) {
        if (getComputedStyle(around).overflowX !== 'visible') return true;
      }
      return false;
    };
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !within(one));
    return [`the page is ${document.documentElement.scrollWidth} wide`, ...wide.map((one) => `${one.closest('[id]')?.id}: ${one.outerHTML.slice(0, 120)}`)];
  });
}
