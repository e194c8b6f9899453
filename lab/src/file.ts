// The page where it was opened as a file: no workers, nothing can be fetched, so that the engine
// runs in the page, of data that file-data.js brings.
import './styles/index.css';
import { inPage } from './engine/client';
import { start } from './page/page';

const files = window.labFiles!;
const bytes = Uint8Array.from(atob(files.wasm), (character) => character.charCodeAt(0));
start(inPage(bytes, files.model, files.names));
