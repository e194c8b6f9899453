// Policies, requests to attack with, and what the Arena reads out of texts.
import fruits from '../../../../../data/policies/fruits.json?raw';
import colours from '../../../../../data/policies/colours.json?raw';
import cities from '../../../../../data/policies/cities.json?raw';
import usernames from '../../../../../data/policies/usernames.json?raw';

export const SHIPPED = ['fruits', 'colours', 'cities', 'usernames', 'own'] as const;
export type PolicyName = (typeof SHIPPED)[number];

const OWN = '# one word a line\napple\npear\nplum\nfig\nlime\ngrape\nmango\n';
const TEXTS: Record<PolicyName, string> = { fruits, colours, cities, usernames, own: OWN };

export const policyText = (name: PolicyName): string => TEXTS[name];

export const FORMS = ['case', 'accents', 'repeats', 'digits', 'lookalikes', 'separators'] as const;
export type Form = (typeof FORMS)[number];

export const GUARDS = ['off', 'resample', 'certified'] as const;
export type Guard = (typeof GUARDS)[number];

/** Beginnings of banned words, words in disguise, and harmless requests among them. */
export const ATTACKS = ['appl', 'gra', 'li', 'pea', 'lemo', 'damso', 'figs', 'FIGS', 'f-i-g-s', 'spear', 'j figs k', 'f i g s',
  'j', 'da', 'a b c', 'j!', '123', ''];

/** What a policy's text says, where it is JSON; null for a list of words or what can't be read. */
function parsed(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Ways of writing that a policy counts as the same; null where its text can't be read. */
export function formsOf(text: string): Form[] | null {
  const policy = parsed(text);
  if (policy === null) return text.trimStart().startsWith('{') ? null : [...FORMS];
  return Array.isArray(policy.normal_forms) ? FORMS.filter((form) => (policy.normal_forms as string[]).includes(form)) : [...FORMS];
}

/** The policy with other ways of writing; a list of words becomes JSON. */
export function withForms(text: string, forms: Form[]): string {
  const policy = parsed(text) ?? {
    format: 'microgpt-policy-v1',
    name: 'own',
    words: text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')),
  };
  return `${JSON.stringify({ ...policy, normal_forms: forms }, null, 1)}\n`;
}

/** The names of an answer. */
export function namesOf(line: string): string[] {
  return line.startsWith('OK: ') ? line.slice('OK: '.length).split(', ') : [];
}
