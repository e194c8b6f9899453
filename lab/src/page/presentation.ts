import { t } from '../text/messages';
import { button, isTyping } from './dom';
import { recall, remember } from '../state/storage';

/** One part of a chapter at a time, large: button or key P; arrows or PageUp and PageDown; Esc ends. */
export function startPresentation(tools: HTMLElement): void {
  const slides = [...document.querySelectorAll<HTMLElement>('.chapter > .chapter-head, .chapter > .part')];
  let at = -1;

  const count = document.createElement('p');
  count.className = 'slide-count';
  count.setAttribute('aria-live', 'polite');
  const controls = document.createElement('div');
  controls.className = 'slide-controls';
  controls.hidden = true;
  controls.append(
    button(t('page.previous_slide'), () => show(at - 1)), count,
    button(t('page.next_slide'), () => show(at + 1)), button(t('page.end_presentation'), end));
  document.body.append(controls);

  function show(to: number): void {
    at = Math.max(0, Math.min(slides.length - 1, to));
    document.body.classList.add('presenting');
    for (const slide of slides) slide.classList.toggle('shown', slide === slides[at]);
    for (const chapter of document.querySelectorAll('.chapter')) chapter.classList.toggle('shown', chapter.contains(slides[at]));
    controls.hidden = false;
    count.textContent = t('page.slide_of', { slide: at + 1, count: slides.length });
    remember('slide', String(at));
    window.scrollTo(0, 0);
  }

  function end(): void {
    const slide = slides[at];
    at = -1;
    document.body.classList.remove('presenting');
    controls.hidden = true;
    slide?.scrollIntoView();
  }

  function begin(): void {
    const visible = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > 80);
    const remembered = Number(recall('slide') ?? -1);
    show(window.scrollY === 0 && slides[remembered] ? remembered : Math.max(0, visible));
  }

  document.addEventListener('keydown', (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]')) return; // the keys are the card's
    if (at < 0) {
      if (event.key === 'p' || event.key === 'P') begin();
      return;
    }
    const inWidget = (event.target as HTMLElement).closest?.('.figure') instanceof Element;
    if (event.key === 'Escape') end();
    else if (event.key === 'PageDown' || (event.key === 'ArrowRight' && !inWidget)) show(at + 1);
    else if (event.key === 'PageUp' || (event.key === 'ArrowLeft' && !inWidget)) show(at - 1);
    else return;
    event.preventDefault();
  });
  tools.append(button(t('page.present'), begin, { id: 'present', title: t('page.present_hint') }));
}
