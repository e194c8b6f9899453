// From content/LANGUAGE/*.md to chapters of HTML with places for widgets (docs/lab.md has the format).
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { escape, render } from './markdown';

export interface Chapter {
  number: number;
  id: string;
  title: string;
  html: string;
}

export interface Place {
  widget: string;
  id: string; // unique on the page
  options: Record<string, string>;
}

export interface Parts {
  number(inside: string): string;
  code(argument: string): string;
  fence(text: string, language: string): string;
  widget(place: Place): Promise<string>;
  message(key: string): string;
}

export async function chapters(folder: string, parts: Parts): Promise<Chapter[]> {
  const ids = new Set<string>();
  const result: Chapter[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.md')).sort()) {
    try {
      result.push({ number: Number.parseInt(file), ...await chapter(readFileSync(join(folder, file), 'utf8'), parts, ids) });
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
    }
  }
  return result;
}

async function chapter(source: string, parts: Parts, ids: Set<string>): Promise<Omit<Chapter, 'number'>> {
  const front = /^---\n([\s\S]*?)\n---\n/.exec(source);
  if (!front) throw new Error('no front matter: expected --- id, title ---');
  const fields = Object.fromEntries(front[1].split('\n').map((line) => line.split(/:\s*(.*)/s).slice(0, 2)));
  const builder = new Builder(parts, ids, fields.id);
  builder.claim(fields.id);
  await builder.lines(source.slice(front[0].length).split('\n'));
  return { id: fields.id, title: fields.title, html: builder.finish() };
}

class Builder {
  private html = '';
  private text: string[] = [];
  private inPart = false;

  constructor(private parts: Parts, private ids: Set<string>, private chapterId: string) {}

  claim(id: string): string {
    if (this.ids.has(id)) throw new Error(`the id ${id} is used twice`);
    this.ids.add(id);
    return id;
  }

  private place = async (inside: string) => this.parts.number(inside);

  async lines(lines: string[]): Promise<void> {
    for (let i = 0; i < lines.length; ++i) {
      const line = lines[i];
      if (line.startsWith('```')) {
        const end = lines.findIndex((other, j) => j > i && other.startsWith('```'));
        if (end < 0) throw new Error('a code fence does not end');
        await this.flush();
        this.html += this.parts.fence(lines.slice(i + 1, end).join('\n'), line.slice(3).trim());
        i = end;
        continue;
      }
      const directive = /^::(\w+)\s*(.*)$/.exec(line);
      if (!directive) {
        const heading = /^(##+)\s+(.*?)(?:\s+\{#([\w-]+)\})?\s*$/.exec(line);
        if (heading) await this.heading(heading[1].length, heading[2], heading[3]);
        else this.text.push(line);
        continue;
      }
      await this.flush();
      const [, name, argument] = directive;
      if (name === 'widget') {
        await this.widget(argument);
      } else if (name === 'code') {
        this.html += this.parts.code(argument);
      } else if (name === 'exercise' || name === 'aside') {
        const end = lines.findIndex((other, j) => j > i && other.trim() === '::end');
        if (end < 0) throw new Error(`::${name} ${argument} has no ::end`);
        await (name === 'aside' ? this.aside(argument, lines.slice(i + 1, end)) : this.exercise(argument, lines.slice(i + 1, end)));
        i = end;
      } else {
        throw new Error(`no such directive: ::${name}`);
      }
    }
    await this.flush();
  }

  finish(): string {
    return this.html + (this.inPart ? '</section>' : '');
  }

  private async flush(): Promise<void> {
    const text = this.text.join('\n').trim();
    this.text = [];
    if (text !== '') this.html += await render(text, this.place);
  }

  private async heading(depth: number, title: string, id?: string): Promise<void> {
    await this.flush();
    const name = this.claim(id ?? `${this.chapterId}-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')}`);
    const inside = await render(title, this.place, true);
    const tag = `h${depth + 1}`;
    const link = `<a class="heading-link" href="#${name}" aria-label="${escape(this.parts.message('page.link_here'))}">#</a>`;
    if (depth === 2) {
      this.html += `${this.inPart ? '</section>' : ''}<section class="part" id="${name}"><${tag}>${inside}${link}</${tag}>`;
      this.inPart = true;
    } else {
      this.html += `<${tag} id="${name}">${inside}${link}</${tag}>`;
    }
  }

  private async widget(argument: string): Promise<void> {
    const [widget, ...settings] = argument.trim().split(/\s+/);
    const options = Object.fromEntries(settings.map((setting) => setting.split('=', 2)));
    const kebab = widget.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    let id = kebab;
    for (let n = 2; this.ids.has(id); ++n) id = `${kebab}-${n}`;
    this.html += await this.parts.widget({ widget, id: this.claim(id), options });
  }

  private async aside(title: string, lines: string[]): Promise<void> {
    const inside = new Builder(this.parts, this.ids, this.chapterId);
    inside.inPart = false;
    await inside.lines(lines);
    this.html += `<details class="aside"><summary>${await render(title, this.place, true)}</summary>${inside.html}</details>`;
  }

  private async exercise(id: string, lines: string[]): Promise<void> {
    const name = this.claim(`exercise-${id.trim()}`);
    const at = (marker: string) => lines.findIndex((line) => line.trim() === marker);
    const hint = at('::hint');
    const answer = at('::answer');
    if (answer < 0) throw new Error(`the exercise ${id} has no ::answer`);
    const question = lines.slice(0, hint >= 0 ? hint : answer).join('\n');
    const { text, fields } = takeFields(question);
    let body = await render(text, this.place);
    fields.forEach((field, i) => { body = body.replace(String.fromCodePoint(0x100000 + i), this.field(field, `${name}-${i}`)); });
    const say = (key: string) => escape(this.parts.message(`page.${key}`));
    const part = async (marker: string, from: number, to: number) => from < 0 ? ''
      : `<details class="${marker}"><summary>${say(marker)}</summary>${await render(lines.slice(from + 1, to).join('\n'), this.place)}</details>`;
    this.html += `<form class="exercise" id="${name}" data-exercise="${escape(id.trim())}" novalidate><p class="exercise-title">${say('exercise')}</p>${body}` +
      (fields.length > 0 ? `<p class="exercise-check"><button class="button primary" type="submit">${say('check')}</button><output class="exercise-said" aria-live="polite"></output></p>` : '') +
      await part('hint', hint, answer) + await part('answer', answer, lines.length) + '</form>';
  }

  private field(field: string, id: string): string {
    const choice = /^([^:|]+):(.+\|.+)$/.exec(field);
    if (choice) {
      const options = choice[2].split('|').map((option) => option.trim());
      const right = options.findIndex((option) => option.startsWith('*'));
      if (right < 0) throw new Error(`no choice is starred: ${field}`);
      const shown = options.map((option, i) => `<option value="${i}">${escape(option.replace(/^\*/, ''))}</option>`).join('');
      return `<label class="field">${escape(choice[1].trim())} <select id="${id}" data-right="${right}"><option value=""></option>${shown}</select></label>`;
    }
    const labelled = /^\s*([^=]+?)\s*=\s*(.+)$/.exec(field);
    const expected = labelled ? labelled[2] : field;
    const label = labelled ? labelled[1] : '';
    const named = label === '' ? ` aria-label="${escape(this.parts.message('page.your_answer'))}"` : '';
    return `<label class="field">${label === '' ? '' : `${escape(label)} = `}<input id="${id}" type="text" inputmode="decimal" autocomplete="off" data-expect="${escape(expected.trim())}"${named}></label>`;
  }
}

function takeFields(text: string): { text: string; fields: string[] } {
  const fields: string[] = [];
  return {
    text: text.replace(/\[\[(.+?)\]\]/g, (_, field) => {
      fields.push(field);
      return String.fromCodePoint(0x100000 + fields.length - 1);
    }),
    fields,
  };
}
