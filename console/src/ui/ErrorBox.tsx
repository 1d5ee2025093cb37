import type { ApiError } from '../api/error';
import { useText } from '../i18n';
import { explain } from '../i18n/explain';
import { Button } from './Button';

/** What went wrong, in words; the server's own message, the code and the request id; and what to try. */
export function ErrorBox({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  const text = useText();
  const { title, advice } = explain(error.code, text);
  return (
    <div className="error-box" role="alert">
      <strong>{title}</strong>
      {error.message && <p className="error-message">{error.message}</p>}
      <p>{advice}</p>
      <p className="error-facts">
        <code>{error.code}</code>
        {error.requestId && (
          <>
            {' · '}
            {text.common.requestId} <code>{error.requestId}</code>
          </>
        )}
      </p>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          {text.common.retry}
        </Button>
      )}
    </div>
  );
}
