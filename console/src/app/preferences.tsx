import { createContext, useContext } from 'react';

export type Language = 'en' | 'zh';
export type Theme = 'light' | 'dark';

export interface Preferences {
  language: Language;
  theme: Theme;
  setLanguage: (language: Language) => void;
  setTheme: (theme: Theme) => void;
}

export const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext);
  if (!value) throw new Error('no preferences above this component');
  return value;
}

/** Only what is no secret is kept in the browser; a browser that keeps nothing is fine too. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`gse.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`gse.${key}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

export function firstLanguage(): Language {
  const kept = remembered('language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('zh')) &&
    !navigator.languages[0]?.toLowerCase().startsWith('en')
    ? 'zh'
    : 'en';
}

export function firstTheme(): Theme {
  const kept = remembered('theme');
  if (kept === 'light' || kept === 'dark') return kept;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
