import { useState } from 'react';
import { signIn } from '../api/client';
import { type ApiError, asApiError } from '../api/error';
import type { Session } from '../api/types';
import { useText } from '../i18n';
import { ErrorBox } from '../ui/ErrorBox';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { Note } from '../ui/Bits';
import { LanguageButton, ThemeButton } from './Switches';

interface Props {
  error: ApiError | null;
  /** Whether a session was there and has ended. */
  over: boolean;
  onSession: (session: Session) => void;
}

export function SignIn({ error: first, over, onSession }: Props) {
  const text = useText();
  const [id, setId] = useState('');
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(first);
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      onSession(await signIn({ SecretId: id.trim(), SecretKey: key.trim() }));
    } catch (thrown) {
      setError(asApiError(thrown));
      setKey('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="sign-in">
      <div className="sign-in-tools">
        <LanguageButton />
        <ThemeButton />
      </div>
      <main className="sign-in-card">
        <img src="/console/favicon.svg" alt="" width={40} height={40} />
        <h1>{text.signIn.title}</h1>
        <p className="quiet">{text.signIn.lead}</p>
        {over && !error && <Note>{text.signIn.over}</Note>}
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <TextField label="SecretId" value={id} onChange={setId} autocomplete="username" required />
          <TextField label="SecretKey" value={key} onChange={setKey} type="password" autocomplete="off" required />
          {error && <ErrorBox error={error} />}
          <Button kind="primary" type="submit" size="large" busy={busy} disabled={!id.trim() || !key.trim()}>
            {text.signIn.submit}
          </Button>
        </form>
        <p className="quiet small">{text.signIn.where}</p>
      </main>
    </div>
  );
}
