// The chapters after the first: index.html has their titles, text.html has them whole.
import { t } from '../text/messages';
import { notice } from '../state/notice';

/** Puts them in their places, one at a time so that the page stays quick, and returns them. */
export async function theRest(): Promise<HTMLElement[]> {
  const empty = [...document.querySelectorAll<HTMLElement>('.chapter[data-rest]')];
  if (empty.length === 0) return [];
  const answer = await fetch('text.html').catch(() => null);
  if (!answer?.ok) {
    notice(t('page.no_rest'));
    return [];
  }
  const whole = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const place of empty) {
    await new Promise((done) => setTimeout(done));
    place.replaceChildren(...whole.getElementById(place.id)!.childNodes);
    delete place.dataset.rest;
  }
  return empty;
}
