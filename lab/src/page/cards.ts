// A click on a number opens its card; in a drawing, where it is no button, so do its keys.
import { mount } from 'svelte';
import type { RemoteEngine } from '../engine/types';
import Card from './Card.svelte';

export function startCards(engine: RemoteEngine): void {
  const card = mount(Card, { target: document.getElementById('overlay')!, props: { engine } });
  document.addEventListener('click', (event) => {
    const number = (event.target as Element).closest<HTMLElement | SVGElement>('[data-trace], [data-card]');
    if (!number || number.closest('.card')) return;
    const source = number.dataset.trace ?? number.dataset.card;
    if (source) void card.open(source, number);
  });
  document.addEventListener('keydown', (event) => {
    const number = event.target as Element;
    if (!number.matches('svg [data-trace], svg [data-card]') || !['Enter', ' '].includes(event.key)) return;
    event.preventDefault();
    number.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  });
}
