/** The text of a file that a reader gave. Throws for what is no text, or too large for a page. */
export async function readText(file: File, mostBytes: number): Promise<string> {
  if (file.size > mostBytes) throw new Error(`${file.size} bytes, expected at most ${mostBytes}`);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  if (text.includes('\0')) throw new Error('it holds a NUL byte');
  if (!/\S/.test(text)) throw new Error('it is empty');
  return text;
}
