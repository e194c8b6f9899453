import { t } from '../text/messages';
import { button } from './dom';
import { forget, recall, remember } from '../state/storage';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Light, dark, or what the system says; remembered. */
export function startTheme(tools: HTMLElement): void {
  let theme: Theme = THEMES.find((one) => one === recall('theme')) ?? 'auto';
  const toggle = button('', () => show(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]), { id: 'theme' });

  function show(next: Theme): void {
    theme = next;
    if (theme === 'auto') {
      delete document.documentElement.dataset.theme;
      forget('theme');
    } else {
      document.documentElement.dataset.theme = theme;
      remember('theme', theme);
    }
    toggle.textContent = t(`page.theme_${theme}`);
  }

  show(theme);
  tools.append(toggle);
}
