// One line at the top of the text for what the reader should know, until it is closed.
import { t } from '../text/messages';

export function notice(text: string): void {
  const place = document.getElementById('notice')!;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'button';
  close.textContent = t('page.close');
  close.addEventListener('click', () => { place.hidden = true; });
  place.replaceChildren(text, ' ', close);
  place.hidden = false;
}
