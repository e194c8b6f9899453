// Python of the page, as lines of coloured pieces.

export interface Piece {
  text: string;
  kind: 'keyword' | 'string' | 'comment' | 'function' | 'constant' | '';
}

const PIECE = /(#.*)|(f?"[^"]*")|\b(def|return|for|in|if|else|while|class|and|or|not|lambda|import|from)\b|\b(None|True|False|\d+(?:\.\d+)?(?:e-?\d+)?)\b|\b([A-Za-z_]\w*)(?=\()/g;

export function highlighted(line: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of line.matchAll(PIECE)) {
    if (match.index > at) pieces.push({ text: line.slice(at, match.index), kind: '' });
    const kind = match[1] ? 'comment' : match[2] ? 'string' : match[3] ? 'keyword' : match[4] ? 'constant' : 'function';
    pieces.push({ text: match[0], kind });
    at = match.index + match[0].length;
  }
  if (at < line.length) pieces.push({ text: line.slice(at), kind: '' });
  return pieces;
}

/** Lines between "# region NAME" and its end, without marks of inner regions and "#: names" at ends. */
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
  throw new Error(`no region ${name}`);
}
