import { createContext, useContext } from 'react';
import type { Language } from '../app/preferences';
import type { Text } from './en';

export type { Text } from './en';

export const TextContext = createContext<Text | null>(null);

export function useText(): Text {
  const value = useContext(TextContext);
  if (!value) throw new Error('no language above this component');
  return value;
}

/** Only the language in use is fetched. */
export async function loadText(language: Language): Promise<Text> {
  return language === 'zh' ? (await import('./zh')).zh : (await import('./en')).en;
}
