// The HTML around the chapters.
import { t } from '../src/text/messages';
import type { Chapter } from './content';
import { escape } from './markdown';

/** What the page may load: its own files. `microgpt lab` sends the same as a header. */
export const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

/**
 * `text.html` is the whole: for readers without JavaScript, for paper, and for a page that is opened as a
 * file. `index.html` has the first chapter only, to be there at once, and takes the others from it.
 */
export function document(chapters: Chapter[], files: { entry: string; styles: string[] }, version: string, whole: boolean): string {
  const say = (key: string, values = {}) => escape(t(`page.${key}`, values));
  const contents = chapters.map((chapter) =>
    `<li><a href="#${chapter.id}"><span class="contents-number">${chapter.number}</span> ${escape(chapter.title)}</a></li>`).join('');
  const articles = chapters.map((chapter, i) =>
    `<article class="chapter" id="${chapter.id}"${whole || i === 0 ? '' : ' data-rest'} aria-labelledby="${chapter.id}-title"><header class="chapter-head">` +
    `<p class="chapter-number" aria-hidden="true">${chapter.number}</p><h2 class="chapter-title" id="${chapter.id}-title">${escape(chapter.title)}</h2></header>` +
    `${whole || i === 0 ? chapter.html : ''}</article>`).join('\n');
  return `<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escape(POLICY)}">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${say('description')}">
<title>${say('title')}</title>${whole ? '' : '\n<noscript><meta http-equiv="refresh" content="0; url=text.html"></noscript>'}
<link rel="icon" href="icon.svg" type="image/svg+xml">
${files.styles.map((style) => `<link rel="stylesheet" href="${style}">`).join('\n')}
<script src="start.js" data-entry="${files.entry}" defer></script>
</head>
<body>
<a class="skip" href="#${chapters[0]?.id ?? ''}">${say('skip')}</a>
<header class="top">
<h1 class="top-name"><a href="#${chapters[0]?.id ?? ''}">microgpt.cpp</a></h1>
<div class="top-tools" id="tools"></div>
</header>
<div class="layout">
<nav class="contents" id="contents" aria-label="${say('contents')}"><ol>${contents}</ol></nav>
<main id="main">
<noscript><p class="notice">${say('no_script')}</p></noscript>
<p class="notice" id="notice" role="status" hidden></p>
${articles}
<footer class="foot"><p>${say('foot', { version })}</p></footer>
</main>
</div>
<div id="overlay"></div>
</body>
</html>
`;
}
