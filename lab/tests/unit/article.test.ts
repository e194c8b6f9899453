// The text itself: what it names exists, and what its exercises expect is a number or a choice.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chapters, type Parts } from '../../build/content';

const lab = resolve(import.meta.dirname, '../..');
const folder = join(lab, 'content/en');
const widgets = new Set(readdirSync(join(lab, 'src/widgets'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^[^/]+\/[A-Z]\w*\.svelte$/.test(name)).map((name) => name.split('/')[1].replace('.svelte', '')));
const regions = (extension: string) => new Set(readdirSync(join(lab, 'content/code')).filter((name) => name.endsWith(extension))
  .flatMap((name) => [...readFileSync(join(lab, 'content/code', name), 'utf8').matchAll(/^\s*(?:#|\/\/) region (\S+)/gm)].map((match) => match[1])));

const shown = new Set<string>();
const code: string[] = [];
const parts: Parts = {
  number: () => '0',
  code: (argument) => { code.push(argument); return ''; },
  fence: () => '',
  widget: async ({ widget, id }) => { shown.add(widget); return `<div id="${id}"></div>`; },
  message: (key) => key,
};
const html = (await chapters(folder, parts)).map((chapter) => `<section id="${chapter.id}">${chapter.html}</section>`).join('');
const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]));

describe('the text', () => {
  it('has links only to parts that it has, and to other sites', () => {
    const links = [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((link) => link.startsWith('#') ? !ids.has(link.slice(1).split('?')[0]) : !link.startsWith('https://'))).toEqual([]);
  });

  it('names widgets that exist, and all of them', () => {
    expect([...shown].filter((name) => !widgets.has(name))).toEqual([]);
    expect([...widgets].filter((name) => !shown.has(name))).toEqual([]);
  });

  it('shows code that exists, in both languages', () => {
    const python = regions('.py');
    const cpp = regions('.cpp');
    const names = code.map((argument) => argument.split('|').map((one) => one.trim()));
    expect(names.filter(([name]) => !python.has(name) && !cpp.has(name))).toEqual([]);
    expect(names.filter(([name, file]) => file ? !existsSync(join(lab, '..', file.split(':')[0])) : !cpp.has(name))).toEqual([]);
  });

  it('writes no link to a part as a link that a reader can\u2019t follow', () => {
    expect(html).not.toMatch(/\]\(#[\w-]*\)/);
  });
});
