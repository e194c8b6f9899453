// Python and C++ side by side, highlighted when the page is built.
import { createCssVariablesTheme, createHighlighter, type Highlighter } from 'shiki';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../src/engine/types';
import { escape } from './markdown';

export interface Line {
  text: string;
  computes: string[]; // names of traced numbers
}

const COLOURED = /^(keyword|string|string-expression|comment|function|constant)$/; // src/styles/page.css
const SIDE_BY_SIDE = 58; // characters that a line may have in half the width

const theme = createCssVariablesTheme({ name: 'page', variablePrefix: '--', variableDefaults: {} });

export class Code {
  private constructor(private highlighter: Highlighter, private root: string, private toy: Trace) {}

  static async make(root: string, toy: Trace): Promise<Code> {
    const highlighter = await createHighlighter({ themes: [theme], langs: ['python', 'cpp', 'shellscript'] });
    return new Code(highlighter, root, toy);
  }

  /** The HTML of `::code NAME | FILE:FUNCTION`. Throws: no such region or function. */
  pair(argument: string): string {
    const [name, cpp] = argument.split('|').map((part) => part.trim());
    const python = this.region(name, '.py', /^\s*#\s*region\s+(\S+)\s*$/, /^\s*#\s*endregion/);
    const cplusplus = cpp ? this.cppFunction(...(cpp.split(':') as [string, string]))
      : this.region(name, '.cpp', /^\s*\/\/\s*region\s+(\S+)\s*$/, /^\s*\/\/\s*endregion/);
    const panels = [this.panel('Python', 'python', python), this.panel(cpp ? `C++, ${cpp.split(':')[0]}` : 'C++', 'cpp', cplusplus)];
    const longest = Math.max(...[...python, ...cplusplus].map(({ text, computes }) => text.length + computes.slice(0, 4).join('  ').length));
    return `<div class="code-pair${longest > SIDE_BY_SIDE ? ' long' : ''}">${panels.filter(Boolean).join('')}</div>`;
  }

  /** A fenced block of the text. */
  fence(text: string, language: string): string {
    const known = { python: 'python', py: 'python', cpp: 'cpp', sh: 'shellscript' }[language];
    return known ? `<pre class="code" tabindex="0"><code>${this.html(text.split('\n'), known).join('\n')}</code></pre>`
      : `<pre class="code" tabindex="0"><code>${escape(text)}</code></pre>`;
  }

  /** Lines of a region of content/code, as the text shows them. */
  region(name: string, extension: string, begin: RegExp, end: RegExp): Line[] {
    const folder = join(this.root, 'lab/content/code');
    for (const file of readdirSync(folder).filter((one) => one.endsWith(extension)).sort()) {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n');
      let depth = 0;
      const found: string[] = [];
      for (const line of lines) {
        const opens = line.match(begin);
        if (depth === 0) {
          if (opens?.[1] === name) depth = 1;
        } else if (opens) {
          ++depth;
        } else if (end.test(line)) {
          if (--depth === 0) return unindented(found);
        } else {
          found.push(line);
        }
      }
    }
    return [];
  }

  private cppFunction(file: string, name: string): Line[] {
    const lines = readFileSync(join(this.root, file), 'utf8').split('\n');
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const start = lines.findIndex((line) => new RegExp(`(^|[\\s:*&])${escaped}\\(`).test(line) && !/^\s*\/\//.test(line) && !/[;]\s*$/.test(line) && !/return|=/.test(line.split('(')[0]));
    if (start < 0) throw new Error(`${file}: no function ${name}`);
    let first = start;
    while (first > 0 && /^\s*template/.test(lines[first - 1])) --first;
    let depth = 0;
    for (let i = start; i < lines.length; ++i) {
      depth += (lines[i].match(/\{/g) ?? []).length - (lines[i].match(/\}/g) ?? []).length;
      if (depth === 0 && /\}/.test(lines[i])) {
        return unindented(lines.slice(first, i + 1), (row) => this.computedAt(file, first + row + 1));
      }
    }
    throw new Error(`${file}: ${name} does not end`);
  }

  private computedAt(file: string, line: number): string[] {
    const names = this.toy.traced.filter((one) => one.file === file && one.line === line).map((one) => one.name.split('.').pop()!);
    return [...new Set(names)];
  }

  private panel(title: string, language: string, lines: Line[]): string {
    if (lines.length === 0) return '';
    const html = this.html(lines.map((line) => line.text), language);
    const rows = lines.map((line, i) => `<span class="line">${html[i] || ' '}${this.links(line.computes)}</span>`);
    return `<figure class="code"><figcaption>${escape(title)}</figcaption><pre tabindex="0"><code>${rows.join('\n')}</code></pre></figure>`;
  }

  private links(names: string[]): string {
    return names.slice(0, 4).map((name) => {
      const one = this.toy.traced.find((traced) => traced.name.endsWith(`.${name}`) || traced.name === name);
      if (!one) return '';
      const path = one.name + one.shape.map(() => '[0]').join('');
      return `<button type="button" class="computes" data-card="toy#${escape(path)}">${escape(name)}</button>`;
    }).join('');
  }

  private html(lines: string[], language: string): string[] {
    const tokens = this.highlighter.codeToTokensBase(lines.join('\n'), { lang: language as 'python', theme: 'page' as never });
    return tokens.map((line) => line.map((token) => {
      const kind = /--token-([a-z-]+)/.exec(token.color ?? '')?.[1];
      return kind && COLOURED.test(kind) ? `<span class="token-${kind}">${escape(token.content)}</span>` : escape(token.content);
    }).join(''));
  }
}

function unindented(lines: string[], computed: (row: number) => string[] = () => []): Line[] {
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line, row) => {
    const [text, names] = line.split(/\s+#:\s+/);
    return { text: text.slice(indent), computes: names ? names.split(/\s+/) : computed(row) };
  });
}
