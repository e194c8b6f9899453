import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chapters, type Parts } from '../../build/content';

const parts: Parts = {
  number: (inside) => `<n>${inside}</n>`,
  code: (argument) => `<code-pair>${argument}</code-pair>`,
  fence: (text) => `<fence>${text}</fence>`,
  widget: async (place) => `<widget ${place.widget} ${place.id} ${JSON.stringify(place.options)}>`,
  message: (key) => key,
};

async function html(text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'content-'));
  try {
    writeFileSync(join(folder, '03-test.md'), `---\nid: test\ntitle: Test\n---\n${text}`);
    return (await chapters(folder, parts))[0].html;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a chapter', () => {
  it('has formulas without a single style attribute', async () => {
    const made = await html('Here $x^2$ and\n\n$$ \\frac{a}{\\sqrt{b}} $$\n');
    expect(made).toContain('<math');
    expect(made).not.toMatch(/\sstyle=/);
  });
  it('leaves code alone', async () => expect(await html('`a$b$c` and $y$')).toContain('<code>a$b$c</code>'));
  it('fills numbers, in tables too', async () => expect(await html('| a | b |\n|---|---|\n| 1 | {{toy#loss|2}} |\n')).toContain('<td><n>toy#loss|2</n></td>'));
  it('fills numbers between backticks', async () => expect(await html('`{{toy#loss|2}}`')).toContain('<code><n>toy#loss|2</n></code>'));
  it('shows no markup of others', async () => expect(await html('<script>x</script>')).not.toContain('<script>'));
  it('gives widgets ids that are theirs alone', async () => {
    const made = await html('::widget BlockSoFar stage=1\n::widget BlockSoFar stage=2\n');
    expect(made).toContain('<widget BlockSoFar block-so-far {"stage":"1"}>');
    expect(made).toContain('<widget BlockSoFar block-so-far-2 {"stage":"2"}>');
  });
  it('has exercises with fields, choices, a hint and an answer', async () => {
    const made = await html('::exercise one\nA? [[x = 3/2]] B? [[where: left | *right]]\n::hint\nlook\n::answer\nyes\n::end\n');
    expect(made).toContain('data-expect="3/2"');
    expect(made).toContain('data-right="1"');
    expect(made).not.toContain('*right');
    expect(made).toMatch(/<details class="hint">.*look.*<details class="answer">.*yes/s);
  });
  it('has parts', async () => expect(await html('a\n\n## One {#one}\n\nb\n\n## Two\n\nc')).toMatch(/<section class="part" id="one">.*<\/section><section class="part" id="test-two">.*<\/section>$/s));

  it.each([
    ['::widgit X', /no such directive: ::widgit/],
    ['::exercise one\nA?\n::end', /has no ::answer/],
    ['::aside A\nx', /has no ::end/],
    ['::exercise one\n[[a: b | c]]\n::answer\nx\n::end', /no choice is starred/],
    ['## A {#test}', /the id test is used twice/],
    ['$\\frac{a$', /KaTeX/],
    ['```\nx', /does not end/],
  ])('%j is refused, with the file', async (text, message) => {
    await expect(html(text)).rejects.toThrow(message);
    await expect(html(text)).rejects.toThrow(/03-test\.md/);
  });
});
