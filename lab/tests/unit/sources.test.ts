import { describe, expect, it } from 'vitest';
import { backwardSource, expressionSource, gradSource, nextSource, parseSource, runSource, traceOptions, traceRequest, traceSource } from '../../src/engine/sources';

describe('a source', () => {
  it('names a number of the toy with the printed cache', () => {
    const parsed = parseSource(traceSource('toy', 'pos2.layer0.q[0]'));
    expect(parsed).toMatchObject({ scheme: 'toy', path: 'pos2.layer0.q[0]', grad: false });
    expect(traceRequest('toy')).toMatchObject({ model: 'toy', tokens: [2, 0], printedCache: true });
  });

  it('keeps its options on the way there and back', () => {
    const options = { token: 'a', target: 'c', round: 2, set: { 'wte[2][0]': -0.5, 'lm_head[3][1]': 1e-7 } };
    const parsed = parseSource(gradSource('computed', 'wte[2][0]', options));
    expect(parsed.grad).toBe(true);
    expect(parsed.path).toBe('wte[2][0]');
    expect(traceOptions(parsed.query)).toEqual(options);
    expect(traceRequest('computed', options).tokens).toEqual([0, 1, 1, 3]);
  });

  it('carries an expression with any characters', () => {
    const expression = 'L = a*b + a ** -0.5 # 1; a = 2\nb = 3';
    expect(parseSource(expressionSource(expression, 'grad(a)'))).toMatchObject({ scheme: 'expr', expression, path: 'a', grad: true });
  });

  it.each([0, 3, 'hurried'] as const)('carries an expression and %s turns of the backward pass', (turns) => {
    const { scheme, query, path, grad } = parseSource(backwardSource('L = a*b + 1; a=2; b=3', turns, 'a'));
    expect({ scheme, path, grad, turns: query.get('turns'), of: query.get('of') })
      .toEqual({ scheme: 'backward', path: 'a', grad: true, turns: String(turns), of: 'L = a*b + 1; a=2; b=3' });
  });

  it('names losses and next letters', () => {
    expect(runSource(5)).toBe('run?steps=5&seed=42#loss[5]');
    expect(parseSource(nextSource('trained', 'em', 0.7, 'probs[0]')).query.get('prefix')).toBe('em');
  });

  it.each(['', '#', 'toy', '#a', 'toy#'])('is not %j', (text) => expect(() => parseSource(text)).toThrow(/not a source/));

  it('has a token of the toy', () => expect(() => traceRequest('toy', { token: 'd' })).toThrow(/no such token: d/));
});
