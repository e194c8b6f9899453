// A worker of Node in a page's words, as far as worker.ts uses them.
import { parentPort } from 'node:worker_threads';

const port = parentPort!;
const scope = Object.assign(globalThis, {
  self: globalThis,
  onmessage: null as ((event: { data: unknown }) => void) | null,
  postMessage: (message: unknown, transfer?: ArrayBuffer[]) => port.postMessage(message, transfer),
});
await import('../../../lab/src/engine/worker'); // which finds that scope
port.on('message', (data) => scope.onmessage?.({ data })); // what came sooner has waited
