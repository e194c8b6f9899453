import { describe, expect, it } from 'vitest';
import { GROUPS, WORLD, layout, nameAt, pathAt, type Area } from '../../src/widgets/atlas/parts/layout';
import { makeTape, nodeOf, segments, shortestWay, slopeOf } from '../../src/widgets/atlas/parts/tape';
import { formsOf, namesOf, policyText, withForms } from '../../src/widgets/guardrails/parts/policies';
import type { ModelInfo, Nodes, Traced } from '../../src/engine/types';

const info = { nLayer: 1, nEmbd: 16, blockSize: 16, nHead: 4, vocabSize: 27 } as ModelInfo;

describe('the map', () => {
  const places = layout(info);
  const areaOf = ({ x, y, cols, rows }: (typeof places)[number]): Area => ({ x, y, width: cols, height: rows });
  const inside = (a: Area, b: Area) => a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

  it('has every weight once', () => {
    expect(places.filter(({ weight }) => weight).reduce((sum, { rows, cols }) => sum + rows * cols, 0)).toBe(4192);
  });

  it('keeps each block in its group, and groups in the world', () => {
    for (const place of places) expect(inside(areaOf(place), GROUPS[place.group]), place.id).toBe(true);
    for (const area of Object.values(GROUPS)) expect(inside(area, WORLD)).toBe(true);
  });

  it('puts no block on another', () => {
    for (const [i, a] of places.entries()) {
      for (const b of places.slice(i + 1)) {
        const apart = a.x + a.cols <= b.x || b.x + b.cols <= a.x || a.y + a.rows <= b.y || b.y + b.rows <= a.y;
        expect(apart, `${a.id}, ${b.id}`).toBe(true);
      }
    }
  });

  it('knows the names of what is traced', () => {
    expect(nameAt('layer0.q', false, 3)).toBe('pos3.layer0.q');
    expect(nameAt('wte', true, 3)).toBe('wte');
    expect(nameAt('pos_loss', false, 3)).toBe('pos3.loss');
    expect(pathAt({ name: 'wte', shape: [27, 16] } as Traced, 35)).toBe('wte[2][3]');
    expect(pathAt({ name: 'loss', shape: [] } as unknown as Traced, 0)).toBe('loss');
  });
});

describe('a tape', () => {
  // loss = (a * a) + b, and c that nothing uses
  const nodes: Nodes = {
    op: ['', '', '', '*', '+'],
    data: Float64Array.of(3, 4, 5, 9, 13),
    grad: Float64Array.of(6, 1, 0, 1, 1),
    left: Uint32Array.of(0, 1, 2, 0, 3),
    right: Uint32Array.of(0, 1, 2, 0, 1),
    leftLocalGrad: Float64Array.of(0, 0, 0, 3, 1),
    rightLocalGrad: Float64Array.of(0, 0, 0, 3, 1),
    exponent: new Float64Array(5),
  };
  const names = [
    { name: 'wte', shape: [1, 3], nodes: Uint32Array.of(0, 1, 2) },
    { name: 'pos0.layer0.q', shape: [1], nodes: Uint32Array.of(3) },
    { name: 'loss', shape: [], nodes: Uint32Array.of(4) },
  ];
  const tape = makeTape('a', 4, nodes, names);

  it('is walked from the loss by the shortest way', () => {
    expect(shortestWay(tape, 0)).toEqual([4, 3, 0]);
    expect(shortestWay(tape, 4)).toEqual([4]);
    expect(shortestWay(tape, 2)).toEqual([]);
  });

  it('has the slopes of both children where they are one', () => {
    expect(slopeOf(nodes, 3, 0)).toBe(6);
    expect(slopeOf(nodes, 4, 1)).toBe(1);
  });

  it('is searched by name', () => {
    expect(nodeOf(tape, ' wte[0][2] ')).toBe(2);
    expect(nodeOf(tape, 'loss')).toBe(4);
    for (const wrong of ['wte', 'wte[0]', 'wte[0][3]', 'wte[1][0]', 'nothing[0]', '', 'loss[0]']) expect(nodeOf(tape, wrong), wrong).toBe(-1);
  });

  it('has parts, at positions', () => {
    expect(segments(tape)).toEqual([
      { part: 0, pos: -1, from: 0, to: 3 }, { part: 2, pos: 0, from: 3, to: 4 }, { part: 5, pos: -1, from: 4, to: 5 },
    ]);
  });
});

describe('a policy in the editor', () => {
  it('has its ways of writing', () => {
    expect(formsOf('fig\n')).toHaveLength(6);
    expect(formsOf(policyText('fruits'))).toHaveLength(6);
    expect(formsOf('{"normal_forms": ["digits"]}')).toEqual(['digits']);
    expect(formsOf('{"normal_forms": [')).toBeNull();
  });

  it('becomes JSON where it was a list', () => {
    expect(JSON.parse(withForms('# fruit\nfig\n\n lime \r\n', ['case']))).toEqual({
      format: 'microgpt-policy-v1', name: 'own', words: ['fig', 'lime'], normal_forms: ['case'],
    });
    expect(JSON.parse(withForms('{"name": "x", "allow": ["figaro"]}', []))).toEqual({ name: 'x', allow: ['figaro'], normal_forms: [] });
  });

  it('reads names of an answer', () => {
    expect(namesOf('OK: ann, bo')).toEqual(['ann', 'bo']);
    expect(namesOf('REFUSE: no.')).toEqual([]);
  });
});
