// The lines of gpt() that a block is: from the text's Python and from the engine's own source.
import python from '../../../content/code/gpt.py?raw';
import cpp from '../../../../src/reference/gpt.h?raw';
import type { Block } from './blocks';


/** Pieces of a program: what a block is in gpt(), and the function that it calls. */
export interface Excerpts {
  python: string[];
  cpp: string[];
}

function unindented(lines: string[]): string {
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent).replace(/\s+#: .*$/, '')).join('\n');
}

/** From the line that opens a function to the last before `end`. */
function functionOf(text: string, opens: RegExp, end: RegExp, with_end: boolean): string {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => opens.test(line));
  if (first < 0) return '';
  let last = first + 1;
  while (last < lines.length && !end.test(lines[last])) ++last;
  return unindented(lines.slice(first, with_end ? last + 1 : last));
}

function pythonFunction(name: string): string {
  return functionOf(python, new RegExp(`^def ${name}\\(`), /^(# endregion|\S|$)/, false);
}

function cppFunction(name: string): string {
  return functionOf(cpp, new RegExp(`^[^/\\s].*\\b${name}\\(`), /^\}/, true);
}

/** The statements of gpt() that carry one of a block's names. */
function pythonLines(markers: string[]): string {
  const body = python.slice(python.indexOf('def gpt('), python.indexOf('\ndef step('));
  return unindented(body.split('\n').filter((line) => markers.includes(/#:\s+(\S+)/.exec(line)?.[1] ?? '')));
}

function cppLines({ markers, helper }: Block): string {
  const body = cpp.slice(cpp.search(/^Vector<T> gpt\(/m), cpp.indexOf('// The mean over'));
  return unindented(body.split('\n').filter((line) =>
    markers.some((name) => line.includes(`"${name}"`)) || (line.includes('= attention(') && helper === 'attention')));
}

export function excerpts(block: Block): Excerpts {
  const pythonHelper = block.helper === 'activate' ? '' : pythonFunction(block.helper);
  return {
    python: [pythonLines(block.markers), pythonHelper].filter((text) => text !== ''),
    cpp: [cppLines(block), cppFunction(block.helper)].filter((text) => text !== ''),
  };
}
