/** What file-data.js brings where the page was opened as a file. */
interface Window {
  labFiles?: { wasm: string; model: string; names: string };
}
