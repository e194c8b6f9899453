// Mounts each widget when it comes near the view, and says why where that fails.
import { mount, unmount, type Component } from 'svelte';
import type { RemoteEngine } from '../engine/types';
import { loadMessages, t } from '../text/messages';
import { askedOf } from '../state/link';
import type { Connection } from '../engine/connection';

interface Module {
  default: Component<{ engine: RemoteEngine; data: unknown; options: Record<string, string>; id: string }>;
  load?: (engine: RemoteEngine, options: Record<string, string>) => Promise<unknown>;
}

const modules = import.meta.glob<Module>('../widgets/*/*.svelte');

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';

/** Mounts a widget in place of its picture, and anew when a link asks something of it. */
function startWidget(place: HTMLElement, connection: Connection): void {
  let unmountLast = () => {};
  let last = 0;
  const showNow = () => {
    const mine = ++last;
    load(place, connection).then((mountIn) => {
      if (mine !== last) return; // a later link asked for something else
      const focused = [...place.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement!);
      unmountLast();
      const live = document.createElement('div');
      place.replaceChildren();
      unmountLast = mountIn(live);
      place.append(live);
      place.dataset.live = 'true';
      if (focused >= 0) place.querySelectorAll<HTMLElement>(FOCUSABLE)[focused]?.focus({ preventScroll: true });
    }).catch((error: Error) => {
      if (mine === last) failed(place, error);
    });
  };
  window.addEventListener('hashchange', () => {
    if (Object.keys(askedOf(place.dataset.id!)).length > 0) showNow();
  });
  showNow();
}

/** Asks for all that a widget needs; the answer mounts it, and answers what unmounts it. */
async function load(place: HTMLElement, connection: Connection): Promise<(target: HTMLElement) => () => void> {
  const path = Object.keys(modules).find((one) => one.endsWith(`/${place.dataset.widget}.svelte`))!;
  const id = place.dataset.id!;
  const options = { ...JSON.parse(place.dataset.options!), ...askedOf(id) };
  const [module] = await Promise.all([modules[path](), loadMessages(path.split('/').at(-2)!), connection.ready]);
  const data = module.load ? await module.load(connection.engine, options) : undefined;
  return (target) => {
    const mounted = mount(module.default, { target, props: { engine: connection.engine, data, options, id } });
    return () => void unmount(mounted);
  };
}

function failed(place: HTMLElement, error: Error): void {
  place.dataset.live = 'failed';
  place.querySelector(':scope > .notice')?.remove();
  const note = document.createElement('p');
  note.className = 'notice';
  note.textContent = t('page.widget_failed', { message: error.message });
  place.append(note);
}

export function startWidgets(connection: Connection, within: ParentNode): void {
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      const place = entry.target as HTMLElement;
      near.unobserve(place);
      startWidget(place, connection);
    }
  }, { rootMargin: '600px 0px' });
  for (const place of within.querySelectorAll('[data-widget]')) near.observe(place);
}
