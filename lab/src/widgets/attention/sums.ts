// What the mixture of values is before all of them are in it.
import type { RemoteEngine } from '../../engine/types';
import type { Scene } from '../embeddings/scene';
import { askNamed, type Named } from '../expression';

/** a0 and a1: the first value times its weight; b0 and b1: the second one's share added. */
export function askSums(engine: RemoteEngine, scene: Scene): Promise<Named> {
  const [w0, w1] = scene.numbers('pos2.layer0.head0.weights').map((one) => one.value);
  const [x0, y0, x1, y1] = scene.numbers('pos2.layer0.values').map((one) => one.value);
  return askNamed(engine, `a0=w0*x0;a1=w0*y0;b0=a0+w1*x1;b1=a1+w1*y1;w0=${w0};w1=${w1};x0=${x0};y0=${y0};x1=${x1};y1=${y1}`);
}
