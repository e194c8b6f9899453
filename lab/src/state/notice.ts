// One line at the top of the text for what the reader should know.

export function notice(text: string): void {
  const place = document.getElementById('notice')!;
  place.textContent = text;
  place.hidden = text === '';
}
