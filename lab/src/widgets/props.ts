// What every widget is given.
import type { RemoteEngine } from '../engine/types';

export interface WidgetProps<Load extends (...args: never[]) => Promise<unknown>> {
  engine: RemoteEngine | null; // null while the page is built
  data: Awaited<ReturnType<Load>>; // what load() answered
  options: Record<string, string>; // of the text, and of a link to the widget
  id: string; // on the page
}
