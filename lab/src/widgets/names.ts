/** The name of a number or matrix within its position, layer and head: "weights" of pos2.layer0.head0.weights. */
export function short(name: string): string {
  return name.replace(/^(pos2\.)?(layer0\.)?(head0\.)?/, '');
}
