// Modules where the page is served; where it was opened as a file, one script and the whole text.
(() => {
  const entry = document.currentScript.dataset.entry;
  const load = (src, type) => new Promise((done) => {
    const script = document.createElement('script');
    if (type) script.type = type;
    script.src = src;
    script.onload = done;
    document.head.append(script);
  });
  if (location.protocol === 'file:' && !location.pathname.endsWith('text.html')) {
    location.replace(`text.html${location.hash}`);
  } else if (location.protocol === 'file:') load('file-data.js').then(() => load('file.js'));
  else load(entry, 'module');
})();
