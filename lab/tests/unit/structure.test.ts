// Imports point one way, texts come from the catalogue, and widgets hold no numbers of their own.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|svelte)$/.test(name));
const read = (name: string) => readFileSync(join(source, name), 'utf8');

const MAY_IMPORT: Record<string, string[]> = {
  engine: [],
  text: [],
  state: ['text'],
  components: ['engine', 'text', 'state'],
  widgets: ['engine', 'text', 'state', 'components'],
  page: ['engine', 'text', 'state', 'components', 'widgets'],
};

describe('imports', () => {
  it.each(files.filter((name) => name.includes('/')))('%s', (name) => {
    const folder = name.split('/')[0];
    for (const [, target] of read(name).matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)) {
      if (!target || target.endsWith('?raw')) continue; // a file as text
      const other = relative(source, resolve(source, name, '..', target)).split('/')[0];
      if (other !== folder && MAY_IMPORT[folder]) expect(MAY_IMPORT[folder], `${name} imports ${target}`).toContain(other);
    }
  });
});

describe('markup', () => {
  const svelte = files.filter((name) => name.endsWith('.svelte'));
  const markup = (name: string) => read(name).replace(/<script[\s\S]*?<\/script>/g, '').replace(/<style[\s\S]*?<\/style>/g, '').replace(/<code[\s\S]*?<\/code>/g, '').replace(/<!--[\s\S]*?-->/g, '');

  it.each(svelte)('%s has no style attribute: the policy forbids them', (name) => {
    expect(markup(name)).not.toMatch(/\sstyle(:[\w-]+)?=/);
  });

  // Names of microgpt.py stand for themselves in every language.
  const NAMES = ['data', 'grad', 'keys', 'values', 'scores', 'weights', 'softmax', 'logits', 'probs'];

  it.each(svelte)('%s takes its words from the catalogue', (name) => {
    const text = markup(name).replace(/\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, '').replace(/<[^>]*>/g, '\n').replace(/&\w+;/g, '');
    const words = text.split('\n').map((line) => line.trim()).filter((line) => /[A-Za-z]{4,}/.test(line) && !NAMES.includes(line));
    expect(words).toEqual([]);
  });
});

describe('the catalogue', () => {
  const used = files.map(read).join('\n') + readdirSync(join(root, 'build')).map((name) => readFileSync(join(root, 'build', name), 'utf8')).join('\n');
  const catalogues = readdirSync(join(root, 'messages/en'));
  it.each(catalogues)('%s is JSON of texts', (name) => {
    const entries = Object.values(JSON.parse(readFileSync(join(root, 'messages/en', name), 'utf8')));
    expect(entries.every((entry) => typeof entry === 'string' && entry !== '')).toBe(true);
  });
  it('has every message that is asked for by name', () => {
    const known = new Set(catalogues.flatMap((name) => Object.keys(JSON.parse(readFileSync(join(root, 'messages/en', name), 'utf8'))).map((key) => `${name.replace('.json', '')}.${key}`)));
    const asked = [...used.matchAll(/\bt\('([\w.-]+)'/g)].map((match) => match[1]);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((key) => !known.has(key))).toEqual([]);
  });
});
