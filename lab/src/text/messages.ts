// The words of the widgets and the page, by key. A translation is another folder of messages/.

declare const __LOCALE__: string;

type Catalogue = Record<string, string>;

const messages: Catalogue = {};

function add(path: string, entries: Catalogue): void {
  const folder = path.split('/').pop()!.replace('.json', '');
  for (const [key, text] of Object.entries(entries)) messages[`${folder}.${key}`] = text;
}

// The page's own are there from the start, those of a folder of widgets come with its first widget.
const own = import.meta.glob<Catalogue>('../../messages/en/page.json', { eager: true, import: 'default' });
for (const [path, entries] of Object.entries(own)) add(path, entries);

const others = import.meta.glob<Catalogue>(['../../messages/en/*.json', '!../../messages/en/page.json'], { import: 'default' });

/** Makes the messages of some folders known: of all, without an argument. */
export async function loadMessages(...folders: string[]): Promise<void> {
  const paths = Object.keys(others).filter((path) => folders.length === 0 || folders.some((folder) => path.endsWith(`/${folder}.json`)));
  await Promise.all(paths.map(async (path) => add(path, await others[path]())));
}

/** Marks and lengthens a text, so that what is not translated shows and what is too narrow breaks. */
export function pseudo(text: string): string {
  const swapped = text.replace(/\{\w+\}|[aeiou]/g, (found) => (found.length > 1 ? found : 'àéîöü'['aeiou'.indexOf(found)]));
  return `⟦${swapped}${'~'.repeat(Math.ceil(text.length / 4)).replace(/~{6}(?=~)/g, '$& ')}⟧`;
}

/** The message of a key, 'folder.name', with {values} put in. Throws for a key that is not there. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const message = messages[key];
  if (message === undefined) throw new Error(`no such message: ${key}`);
  const text = __LOCALE__ === 'pseudo' ? pseudo(message) : message;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
