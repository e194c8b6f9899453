// What makes the document alive, in the order in which a reader meets it.
import type { Connection } from '../engine/connection';
import { format, grouped } from '../components/number';
import { startCards } from './cards';
import { startContents } from './contents';
import { startExercises } from './exercises';
import { t } from '../text/messages';
import { openLink, startLinks } from '../state/link';
import { notice } from '../state/notice';
import { startPresentation } from './presentation';
import { startTheme } from './theme';
import { theRest } from './rest';
import { startWidgets } from './widgets';

const PATIENCE = 1500; // milliseconds that the engine may take before the other chapters are fetched

/** window.microgptLab is for the curious at the console, and for tests. */
export async function start(connection: Connection): Promise<void> {
  Object.assign(window, { microgptLab: { engine: connection.engine, format, grouped } });
  const tools = document.getElementById('tools')!;
  startTheme(tools);
  startCards(connection.engine);
  startWidgets(connection, document);
  const ready = connection.ready.catch((error: Error) => notice(t('page.no_engine', { message: error.message })));
  await Promise.race([ready, new Promise((done) => setTimeout(done, PATIENCE))]);
  for (const chapter of await theRest()) startWidgets(connection, chapter);
  startPresentation(tools);
  startContents(tools);
  startLinks();
  startExercises(connection.engine);
  document.documentElement.dataset.whole = 'true';
  openLink(location.hash);
}
