import type { Text } from './en';

/** The translation of an error code: its own, that of its first part, or a general one. */
export function explain(code: string, text: Text): { title: string; advice: string } {
  const table: Record<string, { title: string; advice: string } | undefined> = text.errors;
  const first = code.split('.', 1)[0] ?? '';
  return table[code] ?? table[first] ?? text.errors.Unknown;
}
