// A worker of Node in a page's words, as far as worker.ts uses them.
import { parentPort } from 'node:worker_threads';

const scope = Object.assign(globalThis, {
  self: globalThis,
  onmessage: null as ((event: { data: unknown }) => void) | null,
  postMessage: (message: unknown, transfer?: ArrayBuffer[]) => parentPort!.postMessage(message, transfer),
});
parentPort!.on('message', (data) => scope.onmessage?.({ data }));
