// What Graph draws.

/** A node of a drawing, at a place in units of columns and rows. */
export interface DrawnNode {
  id: string;
  x: number;
  y: number;
  title: string; // above or in it
  shape?: 'circle' | 'box' | 'op';
  kind?: 'data' | 'weight' | 'activation' | '';
  level?: number; // 0 to 10: how strongly it is filled
  lines?: { label?: string; text: string; source?: string; digits?: number; kind?: 'gradient' }[]; // below the title
}

export interface DrawnEdge {
  from: string;
  to: string;
  weight?: number; // sign: colour and dash; size: width
  kind?: 'weight';
  label?: string;
}
