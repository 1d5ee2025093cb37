import { createContext, useContext } from 'react';
import type { Session } from '../api/types';

/** Who is signed in, and the region all of the console is about. */
export interface Console {
  session: Session;
  region: string;
  setRegion: (region: string) => void;
  signOut: () => void;
  /** Whether events of the server arrive. */
  live: boolean;
  /** Grows with every session that is placed, as events tell. Not a state: thousands may come in a second. */
  placed: { readonly current: number };
}

export const ConsoleContext = createContext<Console | null>(null);

export function useConsole(): Console {
  const value = useContext(ConsoleContext);
  if (!value) throw new Error('nobody is signed in above this component');
  return value;
}
