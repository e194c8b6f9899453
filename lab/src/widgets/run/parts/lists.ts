// Lists of words that a training may be given.
import { readText } from '../../textFile';

async function fetched(name: string): Promise<string | null> {
  try {
    const answer = await fetch(name);
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

export async function embeddedList(): Promise<string> {
  const text = window.labFiles?.names ?? (await fetched('names.txt'));
  if (text === null) throw new Error('names.txt can\u2019t be loaded');
  return text;
}

/** names.txt of this computer, where `microgpt lab` has found it. Only that program says so. */
export async function localList(): Promise<string | null> {
  return window.labFiles ? null : fetched('names-local.txt');
}

const MOST_BYTES = 8 * 1024 * 1024;

/** The list in a file that was dropped. */
export const readList = (file: File) => readText(file, MOST_BYTES);

/** names.txt as makemore has it: the list whose figures are stored. */
export function isNamesTxt(text: string): boolean {
  return text.length >= 228144 && text.length <= 228146 && text.startsWith('emma\nolivia\nava\n');
}
