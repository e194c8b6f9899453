// Python of the text, cut out by region and coloured.

export interface Part {
  text: string;
  kind: string; // a class of the page's code, or ''
}

const PARTS = /(#.*)|("""[\s\S]*?"""|f?"[^"]*"|'[^']*')|\b(class|def|return|for|in|if|else|from|import|not|and|or|while|yield|lambda|is)\b|\b(None|True|False|\d+\.?\d*(?:e-?\d+)?)\b|\b([A-Za-z_]\w*)(?=\()/g;
const KINDS = ['comment', 'string', 'keyword', 'constant', 'function'];

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

/** Lines of "# region NAME", without the marks of regions inside it and "#: names" at ends. */
export function region(source: string, name: string): string[] {
  const lines: string[] = [];
  let depth = 0;
  for (const line of source.split('\n')) {
    const opens = /^\s*# region (\S+)/.exec(line);
    if (depth === 0) {
      if (opens?.[1] === name) depth = 1;
    } else if (opens) {
      ++depth;
    } else if (/^\s*# endregion/.test(line)) {
      if (--depth === 0) return lines;
    } else {
      lines.push(line.replace(/\s+#: .*$/, ''));
    }
  }
  throw new Error(`no region of Python is called ${name}`);
}
