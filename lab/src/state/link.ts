// Addresses of the page: #chapter, #widget, #widget?q=-0.22,0.35.
import { t } from '../text/messages';
import { notice } from './notice';

const SAFE_ID = /^[A-Za-z][\w-]*$/;

export interface Link {
  id: string;
  state: Record<string, string>;
}

/** Null for what is no address of this page. */
export function parseLink(hash: string): Link | null {
  const [id, query] = hash.replace(/^#/, '').split('?', 2);
  if (!SAFE_ID.test(id)) return null;
  return { id, state: Object.fromEntries(new URLSearchParams(query ?? '')) };
}

const states = new Map<string, Record<string, string>>();

/** What a link asks of a widget when it is mounted. */
export function askedOf(id: string): Record<string, string> {
  const link = typeof location === 'undefined' ? null : parseLink(location.hash);
  return link?.id === id ? link.state : {};
}

/** Tells what a link to a widget should carry from now on: what differs from its first state. */
export function linkState(id: string, state: Record<string, string>): void {
  states.set(id, state);
}

function addressOf(id: string): string {
  const query = new URLSearchParams(states.get(id) ?? {}).toString().replaceAll('%2C', ',');
  return `#${id}${query === '' ? '' : `?${query}`}`;
}

/** Says that a link's value is not one, and that the usual one was taken. */
function badLink(value: string): void {
  notice(t('page.bad_link_value', { value: value.slice(0, 60) }));
}

/** Numbers of a link, as "-0.22,0.35"; null (with a notice) unless there are `count` of them in range. */
export function numbersOf(text: string | undefined, count: number, min: number, max: number): number[] | null {
  if (text === undefined) return null;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.length === count && numbers.every((value) => value >= min && value <= max)) return numbers;
  badLink(text);
  return null;
}

/** The same for one whole number. */
export function wholeOf(text: string | undefined, min: number, max: number): number | null {
  const [number] = numbersOf(text, 1, min, max) ?? [null];
  if (number === null || Number.isInteger(number)) return number;
  badLink(text!);
  return null;
}

/** One of a few words of a link; null (with a notice) for another. */
export function wordOf<T extends string>(text: string | undefined, words: readonly T[]): T | null {
  if (text === undefined) return null;
  const found = words.find((word) => word === text);
  if (found === undefined) badLink(text);
  return found ?? null;
}

export function openLink(hash: string): void {
  if (hash === '' || hash === '#') return;
  const link = parseLink(hash);
  const target = link && document.getElementById(link.id);
  if (!target) {
    notice(t('page.broken_link', { link: hash.slice(0, 60) }));
    return;
  }
  for (let around = target.parentElement; around; around = around.parentElement) {
    if (around instanceof HTMLDetailsElement) around.open = true;
  }
  target.scrollIntoView();
}

export function startLinks(): void {
  window.addEventListener('hashchange', () => openLink(location.hash));
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest<HTMLElement>('[data-copy-link]');
    if (!link) return;
    event.preventDefault();
    const address = addressOf(link.dataset.copyLink!);
    history.replaceState(null, '', address);
    navigator.clipboard?.writeText(location.href).then(() => notice(t('page.link_copied')), () => {});
  });
}
