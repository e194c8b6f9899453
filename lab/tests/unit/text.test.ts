import { describe, expect, it } from 'vitest';
import { exact, format, grouped, level } from '../../src/components/number';
import { line, scale, ticks } from '../../src/components/plot';
import { parseLink } from '../../src/state/link';
import { isNear, typedNumber } from '../../src/page/exercises';
import { pseudo, t } from '../../src/text/messages';

describe('numbers', () => {
  it.each([[-0.4, 2, '\u22120.40'], [0.5, 0, '1'], [-0.001, 2, '0.00'], [NaN, 2, 'NaN'], [-Infinity, 3, '\u2212\u221e'], [2.208577, 3, '2.209']])(
    '%d with %d digits is %s', (value, digits, text) => expect(format(value, digits)).toBe(text));

  it('reads back what it writes in full', () => expect(Number(exact(-0.1 - 0.2).replace('\u2212', '-'))).toBe(-0.1 - 0.2));
  it('groups thousands', () => expect(grouped(124439808)).toBe('124,439,808'));
  it('has eleven levels', () => expect([0, 0.5, -1, NaN].map((value) => level(value, 1))).toEqual([0, 5, 10, 0]));
});

describe('answers', () => {
  it.each([['1.5', 1.5], ['3/2', 1.5], ['\u22122', -2], ['14,528', 14528], ['14 528', 14528], ['0,5', 0.5], ['0,625', 0.625], ['29\u202f685', 29685], [' 7 ', 7], ['-.5', -0.5]])(
    '%j is %d', (text, value) => expect(typedNumber(text)).toBe(value));
  it.each([[2, 2], [0.999, 1], [0.33, 1 / 3], [0.04, 0.0374], [0.0374, 0.0374], [7.4, Math.exp(2)], [1.41, 2 ** 0.5], [29685, 29685.07], [29685.07, 29685.07], [14528, 14528]])(
    '%d is near enough to %d', (typed, right) => expect(isNear(typed, right)).toBe(true));
  it.each([[2.3, 2], [14500, 14528], [14527, 14528], [29684, 29685.07], [0, 0.01], [0.014, 0.01], [0.3, 1 / 3], [7.3, Math.exp(2)], [-2, 2]])(
    '%d is not near enough to %d', (typed, right) => expect(isNear(typed, right)).toBe(false));
  it.each(['', 'x', '1e999', '1/0', '--1'])('%j is none', (text) => expect(typedNumber(text)).toBeNull());
});

describe('links', () => {
  it('carry state', () => expect(parseLink('#attention-playground?q=-0.22,0.35')).toEqual({ id: 'attention-playground', state: { q: '-0.22,0.35' } }));
  it.each(['#', '#<script>', '#a b', '#?x=1', '#1'])('%j is none', (hash) => expect(parseLink(hash)).toBeNull());
});

describe('drawings', () => {
  it('have round ticks', () => expect(ticks(0, 1000, 5)).toEqual([0, 200, 400, 600, 800, 1000]));
  it('have ticks for no range', () => expect(ticks(2, 2, 5)).toEqual([2]));
  it('place numbers', () => expect(scale(0, 10, 100, 200)(5)).toBe(150));
  it('break at what is no number', () => expect(line([[0, 0], [NaN, 1], [2, 2]])).toBe('M0.0,0.0M2.0,2.0'));
});

describe('messages', () => {
  it('take values', () => expect(t('page.step_of', { step: 2, last: 9 })).toBe('step 2 of 9'));
  it('must exist', () => expect(() => t('page.nothing')).toThrow(/no such message/));
  it('can be told from what is not translated', () => expect(pseudo('Play')).toBe('⟦Plày~⟧'));
  it('keep the names of their values then', () => expect(pseudo('a {value}')).toContain('{value}'));
});
