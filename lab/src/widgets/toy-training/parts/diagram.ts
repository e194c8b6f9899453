// The toy as a network, with the numbers of one pass.
import type { Trace } from '../../../engine/types';
import type { DrawnEdge, DrawnNode } from '../../../components/graph';
import { format } from '../../../components/number';
import { TOY_TOKENS, traceSource, type TraceOptions } from '../../../engine/sources';

const ROWS = 8;
const GAPS: Record<number, number> = { 2: 2.4, 4: 1.8, 5: 1.6, 6: 1.25, 8: 1 };

interface Layer {
  ids: string[];
  titles: string[];
  paths: string[]; // of the numbers below the titles; '' for none
  kind: DrawnNode['kind'];
}

export function diagram(trace: Trace, options: TraceOptions): { nodes: DrawnNode[]; edges: DrawnEdge[]; lit: Set<string> } {
  const numbers = new Map(trace.traced.map((one) => [one.name, one]));
  const vector = (name: string, path: string, count: number, kind: DrawnNode['kind']): Layer => ({
    ids: Array.from({ length: count }, (_, i) => `${name}${i}`),
    titles: Array.from({ length: count }, (_, i) => `${name}${i}`),
    paths: Array.from({ length: count }, (_, i) => `pos2.${path}[${i}]`),
    kind,
  });
  const joined = (...layers: Layer[]): Layer => ({
    ids: layers.flatMap((one) => one.ids), titles: layers.flatMap((one) => one.titles), paths: layers.flatMap((one) => one.paths), kind: layers[0].kind,
  });
  const tokens = (prefix: string, path: string): Layer => ({
    ids: TOY_TOKENS.map((token) => prefix + token), titles: TOY_TOKENS, paths: TOY_TOKENS.map((_, i) => (path === '' ? '' : `${path}[${i}]`)), kind: 'data',
  });
  const inputs = tokens('in', '');
  const layers: Layer[] = [
    joined(inputs, { ids: ['position'], titles: ['pos 2'], paths: [''], kind: 'data' }),
    vector('x', 'layer0.attn_norm.x', 2, 'activation'),
    joined(vector('q', 'layer0.q', 2, 'activation'), vector('k', 'layer0.k', 2, ''), vector('v', 'layer0.v', 2, '')),
    vector('o', 'layer0.x_attn', 2, 'activation'),
    vector('r', 'layer0.attn_residual', 2, 'activation'),
    vector('h', 'layer0.mlp_act', 8, 'activation'),
    vector('y', 'layer0.mlp_residual', 2, 'activation'),
    tokens('out', 'pos2.probs'),
  ];

  const number = (path: string) => {
    const [, name, index] = /^(.*)\[(\d+)\]$/.exec(path)!;
    return numbers.get(name)!.data[Number(index)];
  };
  const nodes = layers.flatMap(({ ids, titles, paths, kind }, x) => ids.map((id, i): DrawnNode => ({
    id, x, title: titles[i], shape: 'circle', kind,
    y: (ROWS - 1) / 2 + (i - (ids.length - 1) / 2) * GAPS[ids.length],
    lines: paths[i] === '' ? [] : [{ text: format(number(paths[i]), 2), source: traceSource('toy', paths[i], options), digits: 2 }],
  })));

  const edges: DrawnEdge[] = [];
  /** A matrix whose rows stand for what is made; `turned`: its rows stand for what is given. */
  const connect = (matrix: string, from: string[], to: string[], turned = false) => {
    const { data, shape } = numbers.get(matrix)!;
    from.forEach((source, j) => to.forEach((target, i) => edges.push({
      from: source, to: target, kind: 'weight', weight: data[turned ? j * shape[1] + i : i * shape[1] + j],
    })));
  };
  const [, x, qkv, o, r, h, y, out] = layers.map((layer) => layer.ids);
  connect('wte', inputs.ids, x, true);
  const position = numbers.get('wpe')!;
  x.forEach((id, i) => edges.push({ from: 'position', to: id, kind: 'weight', weight: position.data[2 * position.shape[1] + i] }));
  ['attn_wq', 'attn_wk', 'attn_wv'].forEach((name, i) => connect(`layer0.${name}`, x, qkv.slice(2 * i, 2 * i + 2)));
  for (const name of ['q', 'k', 'v']) for (const i of [0, 1]) edges.push({ from: `${name}${i}`, to: `o${i}` });
  connect('layer0.attn_wo', o, r);
  connect('layer0.mlp_fc1', r, h);
  connect('layer0.mlp_fc2', h, y);
  connect('lm_head', y, out);

  const probs = numbers.get('pos2.probs')!.data;
  const likeliest = probs.indexOf(Math.max(...probs));
  return { nodes, edges, lit: new Set([`in${options.token ?? 'b'}`, `out${TOY_TOKENS[likeliest]}`]) };
}
