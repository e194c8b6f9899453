// The whole page as one document: runs in Node, once, when the lab is built.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { render as renderWidget } from 'svelte/server';
import type { Component } from 'svelte';
import { WasmEngine } from '../src/engine/engine';
import type { Engine, RemoteEngine } from '../src/engine/types';
import { traceRequest } from '../src/engine/sources';
import { loadMessages, t } from '../src/text/messages';
import { chapters, type Chapter, type Place } from './content';
import { Code } from './code';
import { escape } from './markdown';
import { Numbers } from './numbers';
import { document } from './document';

export interface Surroundings {
  root: string; // of the project
  program: string; // the native program
  site: string; // where the page's files are
  entry: string; // names of files in it
  styles: string[];
}

interface Widget {
  default: Component<{ engine: null; data: unknown; options: Record<string, string>; id: string }>;
  load?: (engine: RemoteEngine, options: Record<string, string>) => Promise<unknown>;
}

const widgets = import.meta.glob<Widget>('../src/widgets/*/*.svelte');

/** A picture of a widget, without what serves only a live one: it is mounted anew in its place. */
function still(html: string): string {
  return html
    .replace(/<!--.*?-->/gs, '')
    .replace(/ (?:data-(?:trace|digits|card|cell|line|box|lane)="[^"]*"|tabindex="-1")/g, '')
    .replace(/(<button type="button" class="(?:cell|num)\b[^>]*?) aria-label="[^"]*"/g, '$1') // what it shows as well
    .replace(/<(rect|circle|line|path|polygon|polyline)\b([^>]*)><\/\1>/g, '<$1$2/>')
    .replace(/(\d\d\.\d|\d\.\d\d)\d+(?=[^<>]*\/>)/g, '$1'); // of a drawing
}

function asRemote(engine: Engine): RemoteEngine {
  return new Proxy(engine, {
    get: (target, name) => async (...args: unknown[]) =>
      (target[name as keyof Engine] as (...a: unknown[]) => unknown).apply(target, args),
  }) as unknown as RemoteEngine;
}

export async function prerender(where: Surroundings): Promise<{ index: string; text: string }> {
  const engine = await WasmEngine.instantiate(readFileSync(join(where.site, 'microgpt.wasm')), {
    names: readFileSync(join(where.site, 'names.txt'), 'utf8'),
  });
  const modelFile = join(where.site, 'model.json');
  engine.register('trained', readFileSync(modelFile, 'utf8'));
  const remote = asRemote(engine);
  const numbers = new Numbers(engine, where.program, modelFile);
  const code = await Code.make(where.root, engine.trace(traceRequest('toy')));
  await loadMessages();
  const missing: string[] = [];

  async function widget(place: Place): Promise<string> {
    const path = Object.keys(widgets).find((one) => one.endsWith(`/${place.widget}.svelte`));
    if (!path) {
      missing.push(place.widget);
      return '';
    }
    const { default: component, load } = await widgets[path]();
    const data = load ? await load(remote, place.options) : undefined;
    const body = still(renderWidget(component, { props: { engine: null, data, options: place.options, id: place.id } }).body);
    const options = escape(JSON.stringify(place.options));
    return `<div class="widget" data-widget="${place.widget}" data-id="${place.id}" data-options="${options}">${body}</div>`;
  }

  const list: Chapter[] = await chapters(join(where.root, 'lab/content/en'), {
    number: (inside) => numbers.html(inside),
    code: (argument) => code.pair(argument),
    fence: (text, language) => code.fence(text, language),
    widget,
    message: t,
  });
  if (missing.length > 0) {
    const message = `no such widgets: ${[...new Set(missing)].join(', ')}`;
    if (process.env.LAB_DRAFT === undefined) throw new Error(message);
    console.error(`lab: ${message}`);
  }
  return { index: document(list, where, engine.version(), false), text: document(list, where, engine.version(), true) };
}
