// Modules where the page is served; one file where it was opened as a file.
(() => {
  const entry = document.currentScript.dataset.entry;
  const load = (src, type) => new Promise((done) => {
    const script = document.createElement('script');
    if (type) script.type = type;
    script.src = src;
    script.onload = done;
    document.head.append(script);
  });
  if (location.protocol === 'file:') load('file-data.js').then(() => load('file.js'));
  else load(entry, 'module');
})();
