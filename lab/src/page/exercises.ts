import type { RemoteEngine } from '../engine/types';
import { download } from '../components/download';
import { t } from '../text/messages';
import { button } from './dom';
import { recall, remember } from '../state/storage';

/** How far an answer may be off: two decimals, or three digits of a large number, are enough by hand. */
const TOLERANCE = 0.005;
const SMALL = 0.1; // a number near 0 may be off by so much of its size
const LARGE = 1000; // of such a number the nearest whole one is wanted

/** Whether what somebody typed is the right number, or near enough. */
export function isNear(typed: number, right: number): boolean {
  const whole = Math.round(right);
  if (Math.abs(right - whole) < 1e-9) return Math.abs(typed - whole) <= TOLERANCE;
  if (Math.abs(right) >= LARGE) return Math.round(typed) === whole;
  return Math.abs(typed - right) <= Math.min(TOLERANCE * Math.max(1, Math.abs(right)), SMALL * Math.abs(right));
}

/** A number as people type it: 1.5, 1,5, 0,625, 3/2, −2, 4 192, 4,192. Null for what is none. */
export function typedNumber(text: string): number | null {
  const plain = text.trim().replace(/\u2212/g, '-').replace(/^(-?0),(\d+)$/, '$1.$2')
    .replace(/(?<=\d)[\s,](?=\d{3}\b)/g, '').replace(/^(-?\d+),(\d{1,2})$/, '$1.$2');
  const fraction = /^(-?\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)$/.exec(plain);
  const value = fraction ? Number(fraction[1]) / Number(fraction[2]) : plain === '' ? NaN : Number(plain);
  return Number.isFinite(value) ? value : null;
}

export function startExercises(engine: RemoteEngine): void {
  const done = new Set((recall('exercises') ?? '').split(',').filter(Boolean));
  const forms = [...document.querySelectorAll<HTMLFormElement>('form.exercise')];

  function mark(form: HTMLFormElement): void {
    form.classList.toggle('done', done.has(form.dataset.exercise!));
  }

  async function isRight(field: HTMLInputElement | HTMLSelectElement): Promise<boolean> {
    if (field instanceof HTMLSelectElement) return field.value === field.dataset.right;
    const typed = typedNumber(field.value);
    if (typed === null) return false;
    const graph = await engine.graph(`answer = ${field.dataset.expect}`);
    const right = graph.data[graph.root];
    return isNear(typed, right);
  }

  for (const form of forms) {
    mark(form);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const fields = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select')];
      const said = form.querySelector('output')!;
      try {
        const right = await Promise.all(fields.map(isRight));
        fields.forEach((field, i) => field.setAttribute('aria-invalid', String(!right[i])));
        const all = right.every(Boolean);
        said.textContent = t(all ? 'page.right' : fields.some((field) => field.value === '') ? 'page.incomplete' : 'page.wrong');
        if (!all) return;
        done.add(form.dataset.exercise!);
        remember('exercises', [...done].join(','));
        mark(form);
      } catch (error) {
        said.textContent = (error as Error).message;
      }
    });
  }

  const contents = document.querySelector('.contents')!;
  contents.append(button(t('page.export_progress'),
    () => download('microgpt-lab-progress.json', JSON.stringify({ exercises: [...done] }, null, 2)), { id: 'export-progress' }));
}
