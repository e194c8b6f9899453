// The words of the widgets and the page, by key. A translation is another folder of messages/.

declare const __LOCALE__: string;

const files = import.meta.glob<Record<string, string>>('../../messages/en/*.json', {
  eager: true,
  import: 'default',
});

const messages: Record<string, string> = {};
for (const [path, entries] of Object.entries(files)) {
  const folder = path.split('/').pop()!.replace('.json', '');
  for (const [key, text] of Object.entries(entries)) messages[`${folder}.${key}`] = text;
}

/** Marks and lengthens a text, so that what is not translated shows and what is too narrow breaks. */
export function pseudo(text: string): string {
  const swapped = text.replace(/[aeiou]/g, (vowel) => 'àéîöü'['aeiou'.indexOf(vowel)]);
  return `⟦${swapped}${'~'.repeat(Math.ceil(text.length / 4))}⟧`;
}

/** The message of a key, 'folder.name', with {values} put in. Throws for a key that is not there. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const message = messages[key];
  if (message === undefined) throw new Error(`no such message: ${key}`);
  const text = __LOCALE__ === 'pseudo' ? pseudo(message) : message;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
