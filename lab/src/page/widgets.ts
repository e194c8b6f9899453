// Mounts each widget when it comes near the view, and says why where that fails.
import { mount, unmount, type Component } from 'svelte';
import type { RemoteEngine } from '../engine/types';
import { loadMessages, t } from '../text/messages';
import { askedOf } from '../state/link';
import { notice } from '../state/notice';
import type { Connection } from '../engine/client';

interface Module {
  default: Component<{ engine: RemoteEngine; data: unknown; options: Record<string, string>; id: string }>;
  load?: (engine: RemoteEngine, options: Record<string, string>) => Promise<unknown>;
}

const modules = import.meta.glob<Module>('../widgets/*/*.svelte');

async function show(place: HTMLElement, connection: Connection): Promise<void> {
  const path = Object.keys(modules).find((one) => one.endsWith(`/${place.dataset.widget}.svelte`))!;
  const id = place.dataset.id!;
  const options = { ...JSON.parse(place.dataset.options!), ...askedOf(id) };
  const [module] = await Promise.all([modules[path](), loadMessages(path.split('/').at(-2)!), connection.ready]);
  const data = module.load ? await module.load(connection.engine, options) : undefined;
  const still = place.firstElementChild;
  const live = document.createElement('div');
  const mounted = mount(module.default, { target: live, props: { engine: connection.engine, data, options, id } });
  still?.remove();
  place.append(live);
  place.dataset.live = 'true';
  // A link that changes while the page is open asks the widget anew.
  window.addEventListener('hashchange', () => {
    if (Object.keys(askedOf(id)).length === 0) return;
    void unmount(mounted);
    live.remove();
    void show(place, connection).catch((error) => failed(place, error));
  }, { once: true });
}

function failed(place: HTMLElement, error: Error): void {
  place.dataset.live = 'failed';
  const note = document.createElement('p');
  note.className = 'notice';
  note.textContent = t('page.widget_failed', { message: error.message });
  place.append(note);
}

export function startWidgets(connection: Connection, within: ParentNode): void {
  connection.ready.catch((error: Error) => notice(t('page.no_engine', { message: error.message })));
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      const place = entry.target as HTMLElement;
      near.unobserve(place);
      connection.ready.then(() => show(place, connection)).catch((error) => failed(place, error));
    }
  }, { rootMargin: '600px 0px' });
  for (const place of within.querySelectorAll('[data-widget]')) near.observe(place);
}
