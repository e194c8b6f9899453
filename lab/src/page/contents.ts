import { t } from '../text/messages';
import { button } from './dom';

/** Marks the chapter that is being read in the list of contents, which is behind a button where there is no room. */
export function startContents(tools: HTMLElement): void {
  const root = document.documentElement;
  const show = (open: boolean) => {
    root.toggleAttribute('data-contents', open);
    toggle.setAttribute('aria-expanded', String(open));
  };
  const toggle = button(t('page.contents'), () => show(!root.hasAttribute('data-contents')), { id: 'chapters', 'aria-expanded': 'false', 'aria-controls': 'contents' });
  tools.prepend(toggle);
  document.getElementById('contents')!.addEventListener('click', (event) => {
    if ((event.target as Element).closest('a')) show(false);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !root.hasAttribute('data-contents')) return;
    show(false);
    toggle.focus();
  });
  const links = new Map([...document.querySelectorAll<HTMLAnchorElement>('.contents a')].map((link) => [link.hash.slice(1), link]));
  const seen = new Set<string>();
  const chapters = [...document.querySelectorAll<HTMLElement>('.chapter')];
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) seen.add(entry.target.id);
      else seen.delete(entry.target.id);
    }
    const current = chapters.find((chapter) => seen.has(chapter.id))?.id;
    for (const [id, link] of links) {
      if (id === current) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }, { rootMargin: '-20% 0px -70% 0px' });
  for (const chapter of chapters) observer.observe(chapter);
}
