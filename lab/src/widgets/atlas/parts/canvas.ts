// What both canvases need: the page's colours, and to know when they change.

export type Rgb = [number, number, number];

/** Reads the page's variables: as they are written, and as a colour. */
export function stylesOf(element: Element) {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const rgb = (name: string): Rgb => {
    const text = read(name).replace('#', '');
    const hex = text.length === 3 ? [...text].map((digit) => digit + digit).join('') : text;
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
  };
  return { read, rgb };
}

/** As many pixels as it has room for. */
export function fit(canvas: HTMLCanvasElement): DOMRect {
  const box = canvas.getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  return box;
}

/** Tells when the place or the theme changes. Answers what ends that. */
export function watch(canvas: HTMLCanvasElement, resize: () => void, repaint: () => void): () => void {
  const sizes = new ResizeObserver(resize);
  sizes.observe(canvas);
  const theme = new MutationObserver(repaint);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', repaint);
  return () => {
    sizes.disconnect();
    theme.disconnect();
    dark.removeEventListener('change', repaint);
  };
}
