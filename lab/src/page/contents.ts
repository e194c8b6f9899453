/** Marks the chapter that is being read in the list of contents. */
export function startContents(): void {
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
