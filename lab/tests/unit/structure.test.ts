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

  /** What stands between tags as it is. */
  const texts = (name: string) => markup(name).replace(/\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, '').replace(/<[^>]*>/g, '\n').replace(/&\w+;/g, '')
    .split('\n').map((line) => line.trim());

  it.each(svelte)('%s has no style attribute: the policy forbids them', (name) => {
    expect(markup(name)).not.toMatch(/\sstyle(:[\w-]+)?=/);
  });

  // Names of microgpt.py stand for themselves in every language.
  const NAMES = ['data', 'grad', 'keys', 'values', 'scores', 'weights', 'softmax', 'logits', 'probs'];

  it.each(svelte)('%s takes its words from the catalogue', (name) => {
    const words = texts(name).filter((line) => /[A-Za-z]{4,}/.test(line) && !NAMES.includes(line));
    expect(words).toEqual([]);
  });

  it.each(svelte)('%s types no decimal: the engine says them', (name) => {
    expect(texts(name).filter((line) => /\d\.\d/.test(line))).toEqual([]);
  });
});

describe('the catalogue', () => {
  const used = files.map(read).join('\n') + readdirSync(join(root, 'build')).map((name) => readFileSync(join(root, 'build', name), 'utf8')).join('\n');
  const catalogues = readdirSync(join(root, 'messages/en')).map((name) => name.replace('.json', ''));
  const entriesOf = (folder: string): [string, unknown][] => Object.entries(JSON.parse(readFileSync(join(root, 'messages/en', `${folder}.json`), 'utf8')));
  const known = catalogues.flatMap((folder) => entriesOf(folder).map(([key]) => `${folder}.${key}`));

  // A key is 'folder.name', or `folder.name_${what}`: there is a message for each word that fits.
  const key = `((?:${catalogues.join('|')})\\.[\\w-]*`;
  const plain = new Set([...used.matchAll(new RegExp(`['\`]${key})['\`]`, 'g'))].map((match) => match[1]));
  const patterns = [...used.matchAll(new RegExp(`\`${key}\\$\\{[^\`]*)\``, 'g'))]
    .map((match) => new RegExp(`^${match[1].replace('.', '\\.').replace(/\$\{[^}]*\}/g, '(\\w+)')}$`));
  const isWord = (word: string) => /^\d+$/.test(word) || [word, word.replaceAll('_', ' ')].some((one) => new RegExp(`\\b${one}\\b`).test(used));

  it.each(catalogues)('%s is JSON of texts', (folder) => {
    expect(entriesOf(folder).every(([, text]) => typeof text === 'string' && text !== '')).toBe(true);
  });
  it('has every message that is asked for', () => {
    expect(plain.size).toBeGreaterThan(300);
    expect([...plain].filter((one) => !known.includes(one))).toEqual([]);
    expect(patterns.filter((pattern) => !known.some((one) => pattern.test(one)))).toEqual([]);
  });
  it('has no message that nobody asks for', () => {
    expect(known.filter((one) => !plain.has(one) && !patterns.some((pattern) => pattern.exec(one)?.slice(1).every(isWord)))).toEqual([]);
  });
});
