// Cards of the numbers of an expression: what each is made of, written in names and in numbers.
import { expressionSource, parseSource } from './sources';
import { EngineError } from './types';
import type { Card, ExpressionGraph } from './types';

const MOST = 320; // characters of a formula

export function nodeNamed(graph: ExpressionGraph, name: string): number {
  const node = graph.name.findIndex((names) => names.split(', ').includes(name));
  if (node < 0) throw new EngineError(`nothing is called '${name}'`);
  return node;
}

/** What a node is made of, and its slopes by them. */
export function children(graph: ExpressionGraph, node: number): { child: number; localGrad: number }[] {
  if (graph.op[node] === '') return [];
  const left = { child: graph.left[node], localGrad: graph.leftLocalGrad[node] };
  if (graph.op[node] !== '+' && graph.op[node] !== '*') return [left];
  return [left, { child: graph.right[node], localGrad: graph.rightLocalGrad[node] }];
}

function number(value: number): string {
  return value < 0 ? `(${value})` : String(value);
}

/** What a node is made of. A child without a name is written out; `leaf` writes one that has a name. */
function formula(graph: ExpressionGraph, node: number, leaf: (node: number) => string): string {
  let room = MOST;
  const write = (at: number, inside: '' | '+' | '*' | '**'): string => {
    const short = at !== node && (graph.name[at] !== '' || graph.op[at] === '') ? leaf(at) : '';
    if (short !== '' || room <= 0) {
      const text = room <= 0 ? '…' : short;
      room -= text.length + 3;
      return text;
    }
    const op = graph.op[at];
    const [a, b] = children(graph, at).map(({ child }) => child);
    if (op === '**') return `${write(a, '**')}**${number(graph.exponent[at])}`;
    if (op !== '+' && op !== '*') return `${op}(${write(a, '')})`;
    const text = `${write(a, op)} ${op} ${write(b, op)}`;
    return inside === '' || inside === op || (inside === '+' && op === '*') ? text : `(${text})`;
  };
  const text = write(node, '');
  return room <= 0 ? text.replace(/…[…+* ()]*…/, '…') : text;
}

/** Those with names that stand nearest below a node. */
function named(graph: ExpressionGraph, node: number): number[] {
  const found = new Set<number>();
  const look = (at: number) => {
    for (const { child } of children(graph, at)) {
      if (graph.name[child] !== '') found.add(child);
      else look(child);
    }
  };
  look(node);
  return [...found];
}

export function expressionCard(card: Card, graph: ExpressionGraph, node: number, grad: boolean): void {
  const { scheme, expression } = parseSource(card.source);
  const nameOf = (at: number) => graph.name[at].split(', ')[0];
  if (graph.op[node] !== '') {
    card.formula = formula(graph, node, (at) => nameOf(at) || String(graph.data[at]));
    card.numbers = formula(graph, node, (at) => number(graph.data[at]));
  }
  if (scheme !== 'expr') return; // gradients are incomplete or wrong on purpose
  card.grad = graph.grad[node];
  const title = (at: number) => (grad ? `grad(${nameOf(at)})` : nameOf(at));
  const relative = (at: number) =>
    ({ source: expressionSource(expression, title(at)), title: title(at), value: (grad ? graph.grad : graph.data)[at] });
  const parents = named(graph, node).map(relative);
  const users = graph.name.flatMap((name, at) => (name !== '' && named(graph, at).includes(node) ? [relative(at)] : []));
  card.parents = grad ? users : parents; // a gradient is made of its users'
  card.users = grad ? parents : users;
  const made = graph.op.flatMap((_, at) =>
    children(graph, at).filter(({ child }) => child === node).map(({ localGrad }) => ({ at, localGrad })));
  if (made.length > 0 && made.length <= 12) {
    card.gradFormula = made.map(({ at, localGrad }) => `${number(localGrad)} * grad(${nameOf(at) || '·'})`).join(' + ');
    card.gradNumbers = made.map(({ at, localGrad }) => `${number(localGrad)} * ${number(graph.grad[at])}`).join(' + ');
  }
}
