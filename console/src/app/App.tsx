import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { currentSession, onSignedOut, signIn, signOut } from '../api/client';
import { asApiError, type ApiError } from '../api/error';
import type { Session } from '../api/types';
import { loadText, type Text, TextContext } from '../i18n';
import { Toasts } from '../ui/Toast';
import { firstLanguage, firstTheme, type Preferences, PreferencesContext, remember } from './preferences';
import { parseHash, replace } from './router';
import { Shell } from './Shell';
import { SignIn } from './SignIn';
import { Texts } from './Texts';

/** `#/link/TOKEN` signs in once; the token leaves the address bar before it is even used. */
function takeLinkToken(): string | null {
  const { parts } = parseHash(window.location.hash);
  if (parts[0] !== 'link' || !parts[1]) return null;
  replace('/');
  return parts[1];
}

export function App() {
  const [language, setLanguage] = useState(firstLanguage);
  const [theme, setTheme] = useState(firstTheme);
  const [text, setText] = useState<Text | null>(null);
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [error, setError] = useState<ApiError | null>(null);
  const [over, setOver] = useState(false);
  const client = useMemo(() => new QueryClient(), []);

  useEffect(() => {
    let gone = false;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    void loadText(language).then((loaded) => !gone && setText(loaded));
    return () => {
      gone = true;
    };
  }, [language]);
  useEffect(() => document.documentElement.setAttribute('theme-mode', theme), [theme]);
  useEffect(() => {
    onSignedOut(() => {
      setOver(true);
      setSession(null);
    });
    const begin = (first: boolean) => {
      const token = takeLinkToken();
      if (!token && !first) return;
      (token ? signIn({ LinkToken: token }) : currentSession()).then(setSession, (thrown: unknown) => {
        setError(asApiError(thrown));
        setSession(null);
      });
    };
    // A link may also be opened in a tab where the console already is.
    const followed = () => begin(false);
    begin(true);
    window.addEventListener('hashchange', followed);
    return () => window.removeEventListener('hashchange', followed);
  }, []);

  const preferences = useMemo<Preferences>(
    () => ({
      language,
      theme,
      setLanguage: (next) => {
        remember('language', next);
        setLanguage(next);
      },
      setTheme: (next) => {
        remember('theme', next);
        setTheme(next);
      },
    }),
    [language, theme],
  );
  const leave = useCallback(
    (idle: boolean) => {
      void signOut().catch(() => undefined);
      client.clear();
      setOver(idle);
      setSession(null);
    },
    [client],
  );
  const enter = useCallback(
    (next: Session) => {
      client.clear();
      setError(null);
      setSession(next);
    },
    [client],
  );

  if (!text) return null;
  return (
    <PreferencesContext.Provider value={preferences}>
      <TextContext.Provider value={text}>
        <Texts language={language}>
          <QueryClientProvider client={client}>
            <Toasts>
              {session === undefined ? null : session ? (
                <Shell session={session} onLeave={leave} />
              ) : (
                <SignIn key={error?.requestId ?? error?.code} error={error} over={over} onSession={enter} />
              )}
            </Toasts>
          </QueryClientProvider>
        </Texts>
      </TextContext.Provider>
    </PreferencesContext.Provider>
  );
}
