// What makes the document alive, in the order in which a reader meets it.
import type { Connection } from '../engine/client';
import { format, grouped } from '../components/number';
import { startCards } from './cards';
import { startContents } from './contents';
import { startExercises } from './exercises';
import { openLink, startLinks } from '../state/link';
import { startPresentation } from './presentation';
import { startTheme } from './theme';
import { startWidgets } from './widgets';


/** window.microgptLab is for the curious at the console, and for tests. */
export function start(connection: Connection): void {
  Object.assign(window, { microgptLab: { engine: connection.engine, format, grouped } });
  const tools = document.getElementById('tools')!;
  startTheme(tools);
  startPresentation(tools);
  startContents();
  startLinks();
  startCards(connection.engine);
  startExercises(connection.engine);
  startWidgets(connection);
  openLink(location.hash);
}
