// From the text of a chapter to HTML: Markdown, formulas, and places for numbers.
import MarkdownIt from 'markdown-it';
import katex from 'katex';
import { t } from '../src/text/messages';

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
const outside = markdown.renderer.rules.link_open ??
  ((tokens, i, options, _, self) => self.renderToken(tokens, i, options));
markdown.renderer.rules.link_open = (tokens, i, options, environment, self) => {
  if (/^https?:/.test(tokens[i].attrGet('href') ?? '')) {
    tokens[i].attrSet('rel', 'noopener noreferrer');
    tokens[i].attrSet('class', 'outside');
  }
  return outside(tokens, i, options, environment, self);
};
// A short piece of code stands on one line.
markdown.renderer.rules.code_inline = (tokens, i) =>
  `<code${/[- ]/.test(tokens[i].content) && tokens[i].content.length <= 26 ? ' class="short"' : ''}>${escape(tokens[i].content)}</code>`;
// A wide table or formula scrolls within itself: by keys too.
markdown.renderer.rules.table_open = () => `<div class="scroll" tabindex="0" role="group" aria-label="${t('page.table')}"><table>`;
markdown.renderer.rules.table_close = () => '</table></div>';
const emptyHead = (rule: 'th_open' | 'th_close', beside: 1 | -1, tag: string) => {
  markdown.renderer.rules[rule] = (tokens, i, options, _, self) =>
    tokens[i + beside].content === '' ? tag : self.renderToken(tokens, i, options);
};
emptyHead('th_open', 1, '<td>'); // a corner is no heading
emptyHead('th_close', -1, '</td>');

export function formula(tex: string, display: boolean): string {
  return katex.renderToString(tex, { output: 'mathml', displayMode: display, throwOnError: true, strict: 'error' })
    .replace(/^<span class="katex">(.*)<\/span>$/s, '$1')
    .replace(/<annotation.*?<\/annotation>/gs, '') // the source
    .replace(/(?:<mi mathvariant="normal">[A-Za-z]<\/mi>){2,}/g, (letters) => `<mi>${letters.replace(/<[^>]*>/g, '')}</mi>`)
    .replace(/<\/?semantics>| xmlns="[^"]*"/g, '');
}

/** Pieces of HTML that Markdown must not touch stand in it as one character each, of a private area. */
export class Held {
  private pieces: string[] = [];

  hold(html: string): string {
    this.pieces.push(html);
    return String.fromCodePoint(0xf0000 + this.pieces.length - 1);
  }

  release(html: string): string {
    return html.replace(/[\u{f0000}-\u{ffffd}]/gu, (character) => this.pieces[character.codePointAt(0)! - 0xf0000]);
  }
}

const FORMULA = `<div class="formula" tabindex="0" role="group" aria-label="${t('page.formula')}">`;
const CODE = /(```[\s\S]*?```|`[^`\n]*`)/;

/** HTML of a piece of text. place: HTML of a placeholder, {{...}}. */
export async function render(text: string, place: (inside: string) => Promise<string>, inline = false): Promise<string> {
  const held = new Held();
  let out = '';
  for (const [i, piece] of text.split(CODE).entries()) {
    let rest = piece;
    if (i % 2 === 0) {
      rest = rest
        .replace(/\$\$([\s\S]+?)\$\$/g, (_, tex) => held.hold(`${FORMULA}${formula(tex.trim(), true)}</div>`))
        .replace(/\$([^$\n]+)\$/g, (_, tex) => held.hold(formula(tex, false)));
    }
    out += await replaceAsync(rest, /\{\{(.+?)\}\}/g, async (inside) => held.hold(await place(inside)));
  }
  const html = inline ? markdown.renderInline(out) : markdown.render(out);
  return held.release(html).replace(/(\d) × (?=\d)/g, '$1\u00a0×\u00a0').replace(/<p>(<div class="formula"[\s\S]*?<\/div>)<\/p>/g, '$1');
}

async function replaceAsync(text: string, pattern: RegExp, replace: (inside: string) => Promise<string>) {
  const found = [...text.matchAll(pattern)];
  const results = await Promise.all(found.map((match) => replace(match[1])));
  let i = 0;
  return text.replace(pattern, () => results[i++]);
}

export function escape(text: string): string {
  return markdown.utils.escapeHtml(text);
}
