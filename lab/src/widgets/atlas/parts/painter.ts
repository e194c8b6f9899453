// Draws the map on a canvas: what is in view, as fine as it can be seen.
import { format } from '../../../components/number';
import { stylesOf, type Rgb } from './canvas';
import { GROUPS, largest, type Area, type Group, type Shown } from './layout';

export interface View {
  x: number; // of the world, at the middle of the canvas
  y: number;
  scale: number; // pixels a number
}

interface Colours {
  paper: string;
  raised: string;
  sunken: string;
  ink: string;
  soft: string;
  rule: string;
  lit: string;
  mono: string;
  sans: string;
  weight: Rgb;
  activation: Rgb;
  gradient: Rgb;
  ground: Rgb;
}

const LINES_FROM = 7; // pixels a number from which cells have borders, and signs hatching
const DIGITS_FROM = 34;
const LABEL = 12;

function coloursOf(element: Element): Colours {
  const { read, rgb } = stylesOf(element);
  return {
    paper: read('paper'), raised: read('raised'), sunken: read('sunken'), ink: read('ink'), soft: read('soft'),
    rule: read('rule'), lit: read('lit'), mono: read('mono'), sans: read('sans'),
    weight: rgb('weight'), activation: rgb('activation'), gradient: rgb('gradient'), ground: rgb('raised'),
  };
}

/** One pixel a number, to be drawn larger. */
function picture(shown: Shown, colours: Colours): HTMLCanvasElement {
  const { place, values, rows } = shown;
  const canvas = document.createElement('canvas');
  canvas.width = place.cols;
  canvas.height = Math.max(1, rows);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(canvas.width, canvas.height);
  const tone = colours[shown.gradient ? 'gradient' : place.weight ? 'weight' : 'activation'];
  const most = largest(values) || 1;
  for (let i = 0; i < place.cols * rows; ++i) {
    const share = Number.isFinite(values[i]) ? Math.min(1, Math.abs(values[i]) / most) : 0;
    for (let k = 0; k < 3; ++k) image.data[4 * i + k] = colours.ground[k] + (tone[k] - colours.ground[k]) * 0.94 * share;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export class Painter {
  private pictures: HTMLCanvasElement[] = [];
  private known = new Map<string, { values: Float64Array; picture: HTMLCanvasElement }>(); // of each place
  private shown: Shown[] = [];
  colours: Colours;

  constructor(private canvas: HTMLCanvasElement, private names: Record<Group, string>) {
    this.colours = coloursOf(canvas);
  }

  show(shown: Shown[]): void {
    this.shown = shown;
    this.pictures = shown.map((one) => {
      const known = this.known.get(one.place.id);
      if (known?.values === one.values) return known.picture;
      const made = picture(one, this.colours);
      this.known.set(one.place.id, { values: one.values, picture: made });
      return made;
    });
  }

  repaint(): void {
    this.colours = coloursOf(this.canvas);
    this.known.clear();
    this.show(this.shown);
  }

  /** current: id of what is being computed; parents: what it is made of; cell: of the current block. */
  draw(view: View, ratio: number, current: string, parents: Set<string>, cell: { id: string; index: number } | null): void {
    const { canvas, colours } = this;
    const context = canvas.getContext('2d')!;
    const { scale } = view;
    const width = canvas.width / ratio;
    const height = canvas.height / ratio;
    const px = (x: number) => (x - view.x) * scale + width / 2;
    const py = (y: number) => (y - view.y) * scale + height / 2;
    const inView = (area: Area) => px(area.x) < width && py(area.y) < height
      && px(area.x + area.width) > 0 && py(area.y + area.height) > 0;

    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colours.raised;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    for (const [group, area] of Object.entries(GROUPS)) {
      if (!inView(area)) continue;
      context.fillStyle = colours.sunken;
      context.beginPath();
      context.roundRect(px(area.x), py(area.y), area.width * scale, area.height * scale, 8);
      context.fill();
      context.fillStyle = colours.soft;
      context.font = `600 ${Math.min(22, Math.max(11, 3 * scale))}px ${colours.sans}`;
      context.textBaseline = 'top';
      context.fillText(this.names[group as Group], px(area.x) + 7, py(area.y) + 5, area.width * scale - 10);
    }

    const to = this.shown.find(({ place }) => place.id === current);
    if (to) {
      context.strokeStyle = colours.soft;
      context.lineWidth = 1.5;
      context.beginPath();
      for (const { place, rows } of this.shown) {
        if (!parents.has(place.id)) continue;
        const end = { x: px(to.place.x) - 4, y: py(to.place.y + to.rows / 2) };
        const from = { x: px(place.x + place.cols), y: py(place.y + rows / 2) };
        context.moveTo(from.x, from.y);
        if (from.x < end.x) {
          const bend = (end.x - from.x) / 2;
          context.bezierCurveTo(from.x + bend, from.y, end.x - bend, end.y, end.x, end.y);
        } else {
          context.lineTo(end.x + 4 + (to.place.cols * scale) / 2, end.y);
        }
      }
      context.stroke();
    }

    this.shown.forEach((one, i) => {
      const { place, rows, values } = one;
      const area = { x: place.x, y: place.y, width: place.cols, height: place.rows };
      const around = { x: area.x - 2, y: area.y - 4, width: area.width + 12, height: area.height + 6 };
      if (!inView(around)) return;
      const x = px(place.x);
      const y = py(place.y);
      const w = place.cols * scale;
      const h = place.rows * scale;
      const isCurrent = place.id === current;
      const isParent = parents.has(place.id);
      if (isCurrent) {
        context.fillStyle = colours.lit;
        context.fillRect(x - 6, y - 6, w + 12, rows * scale + 12);
      }
      context.fillStyle = colours.raised;
      context.fillRect(x, y, w, rows * scale);
      if (one.made) {
        context.drawImage(this.pictures[i], x, y, w, rows * scale);
        if (scale >= DIGITS_FROM) { // lighter, so that digits can be read
          context.globalAlpha = 0.6;
          context.fillStyle = colours.raised;
          context.fillRect(x, y, w, rows * scale);
          context.globalAlpha = 1;
        }
        if (scale >= LINES_FROM) this.fine(context, one, x, y, scale, width, height);
      }
      context.strokeStyle = isCurrent ? colours.ink : isParent ? colours.ink : one.made ? colours.soft : colours.rule;
      context.lineWidth = isCurrent ? 2.5 : isParent ? 2 : 1;
      context.setLineDash(isParent && !isCurrent ? [5, 3] : one.made ? [] : [2, 3]);
      context.strokeRect(x, y, w, rows * scale);
      if (rows < place.rows && !isCurrent) {
        context.strokeStyle = colours.rule;
        context.lineWidth = 1;
        context.setLineDash([]);
        context.strokeRect(x, y, w, h);
      }
      context.setLineDash([]);
      if (cell?.id === place.id) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 2.5;
        context.strokeRect(x + (cell.index % place.cols) * scale, y + Math.floor(cell.index / place.cols) * scale, scale, scale);
      }
      const room = Math.max(place.cols, place.group === 'output' && place.cols === 1 ? 4 : 3.6) * scale;
      context.font = `${isCurrent ? '600 ' : ''}${LABEL}px ${colours.mono}`;
      const text = room > 90 || scale > 20 ? `${place.label}${values.length > 1 ? `  ${place.rows}×${place.cols}` : ''}` : place.label;
      const wide = context.measureText(text).width;
      if ((wide <= room && scale >= 3) || isCurrent) {
        context.textBaseline = 'bottom';
        if (isCurrent && wide > room) {
          context.fillStyle = colours.lit;
          context.fillRect(x - 4, y - 6 - LABEL - 4, wide + 8, LABEL + 6);
        }
        context.fillStyle = one.made || isCurrent ? colours.ink : colours.soft;
        context.fillText(text, x, y - (isCurrent ? 6 : 3));
      }
    });
  }

  /** Borders, hatching of what is negative, digits: of the cells in view. */
  private fine(
    context: CanvasRenderingContext2D, { place, rows, values }: Shown, x: number, y: number, scale: number,
    width: number, height: number,
  ): void {
    const { colours } = this;
    const from = { col: Math.max(0, Math.floor(-x / scale)), row: Math.max(0, Math.floor(-y / scale)) };
    const to = { col: Math.min(place.cols, Math.ceil((width - x) / scale)), row: Math.min(rows, Math.ceil((height - y) / scale)) };
    context.strokeStyle = colours.raised;
    context.lineWidth = 1;
    context.beginPath();
    for (let col = from.col; col <= to.col; ++col) {
      context.moveTo(x + col * scale, y + from.row * scale);
      context.lineTo(x + col * scale, y + to.row * scale);
    }
    for (let row = from.row; row <= to.row; ++row) {
      context.moveTo(x + from.col * scale, y + row * scale);
      context.lineTo(x + to.col * scale, y + row * scale);
    }
    context.stroke();
    context.strokeStyle = colours.ink;
    context.globalAlpha = 0.45;
    context.beginPath();
    for (let row = from.row; row < to.row; ++row) {
      for (let col = from.col; col < to.col; ++col) {
        if (!(values[row * place.cols + col] < 0)) continue;
        const cx = x + col * scale;
        const cy = y + row * scale;
        const mark = Math.min(scale * 0.34, 9);
        context.moveTo(cx + 1.5, cy + mark);
        context.lineTo(cx + mark, cy + 1.5);
      }
    }
    context.stroke();
    context.globalAlpha = 1;
    if (scale < DIGITS_FROM) return;
    const digits = scale > 80 ? 6 : scale > 56 ? 4 : 2;
    const size = Math.min(15, scale / (digits + 2.4) / 0.56);
    context.font = `${size}px ${colours.mono}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = colours.ink;
    for (let row = from.row; row < to.row; ++row) {
      for (let col = from.col; col < to.col; ++col) {
        const value = values[row * place.cols + col];
        context.fillText(format(value, digits), x + (col + 0.5) * scale, y + (row + 0.5) * scale);
      }
    }
    context.textAlign = 'start';
  }
}
