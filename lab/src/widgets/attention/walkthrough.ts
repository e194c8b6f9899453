// The figures that the walkthrough prints for 'b': those of src/trace/toy.cpp, which the program's
// own report uses as well.
import source from '../../../../src/trace/toy.cpp?raw';

export interface Figure {
  path: string;
  value: number;
  digits: number;
}

export const FIGURES: Figure[] = [...source.matchAll(/PrintedFigure\{"([^"]+)", (-?[\d.]+), (\d)\}/g)]
  .map(([, path, value, digits]) => ({ path, value: Number(value), digits: Number(digits) }));

const byPath = new Map(FIGURES.map((figure) => [figure.path, figure]));

export function printedAt(path: string): Figure | undefined {
  return byPath.get(path);
}
