// Python of the text, cut out by region and coloured.
const files = import.meta.glob<string>('../../../content/code/value*.py', { eager: true, query: '?raw', import: 'default' });

const PARTS = /(#.*)|("""[\s\S]*?"""|f?"[^"]*"|'[^']*')|\b(class|def|return|for|in|if|else|from|import|not|and|or|None|True|False|while|yield|lambda|is)\b|\b(\d+\.?\d*(?:e-?\d+)?)\b|\b([A-Za-z_]\w*)(?=\()/g;
const KINDS = ['comment', 'string', 'keyword', 'constant', 'function'];

export interface Part {
  text: string;
  kind: string; // a class of the page's code, or ''
}

/** A region, without the marks of those inside it. */
export function region(name: string): string {
  for (const text of Object.values(files)) {
    const lines = text.split('\n');
    const start = lines.findIndex((line) => line.trim() === `# region ${name}`);
    if (start < 0) continue;
    const kept: string[] = [];
    let depth = 1;
    for (const line of lines.slice(start + 1)) {
      if (line.trim().startsWith('# region ')) ++depth;
      else if (line.trim() === '# endregion') --depth;
      else kept.push(line);
      if (depth === 0) break;
    }
    return kept.join('\n').trimEnd();
  }
  throw new Error(`no region of Python is called ${name}`);
}

export function coloured(code: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of code.matchAll(PARTS)) {
    if (match.index > at) parts.push({ text: code.slice(at, match.index), kind: '' });
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    parts.push({ text: match[0], kind: `token-${kind}` });
    at = match.index + match[0].length;
  }
  if (at < code.length) parts.push({ text: code.slice(at), kind: '' });
  return parts;
}
