import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { rawCall } from '../../api/client';
import { type ApiError, asApiError } from '../../api/error';
import { useConsole } from '../../app/console';
import { usePreferences } from '../../app/preferences';
import { code, kLanguages, type Language } from '../../explorer/code';
import { type ActionModel, model, type Values } from '../../explorer/model';
import { compact, validate } from '../../explorer/validate';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { useToast } from '../../ui/Toast';
import { Confirm } from '../../ui/Confirm';
import { Fields } from './Fields';
import { problemText } from './problem';

const kReading = /^(Describe|List|Get|Resolve|Search|Wait)/;
type Tab = 'call' | Language;

export function Action({ name, action }: { name: string; action: ActionModel }) {
  const text = useText();
  const toast = useToast();
  const { language } = usePreferences();
  const { region, session } = useConsole();
  const client = useQueryClient();
  const [values, setValues] = useState<Values>({});
  const [tab, setTab] = useState<Tab>('call');
  const [answer, setAnswer] = useState<{ body: unknown; ms: number } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [tried, setTried] = useState(false);
  const request = compact(values);
  const problems = validate(model, action, request);
  const changes = !kReading.test(name);

  const send = async () => {
    setBusy(true);
    setError(null);
    const begin = performance.now();
    try {
      const body = await rawCall(name, region, request);
      setAnswer({ body, ms: Math.round(performance.now() - begin) });
      if (changes) void client.invalidateQueries({ queryKey: ['api'] });
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  const start = () => {
    setTried(true);
    setTab('call');
    if (problems.length > 0) return;
    if (/^(Delete|End|Stop)/.test(name)) setAsking(true);
    else void send();
  };
  const shown =
    tab === 'call'
      ? ''
      : code(tab, { action: name, region, endpoint: window.location.origin, version: model.version, extension: action.extension, values: request });
  return (
    <>
      <section className="card explorer-form" aria-label={name}>
        <header className="card-head">
          <h2>{name}</h2>
          <span className="quiet">{language === 'zh' ? action.nameZh || action.summary : action.summary}</span>
        </header>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            start();
          }}
        >
          {action.input.length === 0 && <p className="quiet">{text.explorer.noParameters}</p>}
          <Fields fields={action.input} values={values} path="" onChange={setValues} problems={tried ? problems : []} />
          {tried &&
            problems
              .filter((problem) => problem.kind === 'one-of')
              .map((problem) => (
                <Note key={problem.path} tone="danger">
                  {problemText(problem, text)}
                </Note>
              ))}
          <div className="form-foot">
            <Button onClick={() => (setValues({}), setTried(false))}>{text.explorer.clear}</Button>
            <Button kind="primary" type="submit" busy={busy} disabled={changes && session.ReadOnly}>
              {text.explorer.send}
            </Button>
          </div>
        </form>
      </section>
      <section className="card explorer-answer" aria-label={text.explorer.answer}>
        <div className="tabs" role="tablist" aria-label={text.explorer.answer}>
          {(['call', ...kLanguages] as Tab[]).map((one) => (
            <button key={one} type="button" role="tab" className="tab" aria-selected={tab === one} onClick={() => setTab(one)}>
              {one === 'call' ? text.explorer.call : one}
            </button>
          ))}
        </div>
        <div aria-live="polite">
          {tab === 'call' &&
            (error ? (
              <ErrorBox error={error} />
            ) : answer ? (
              <>
                <p className="quiet">{text.explorer.took(answer.ms)}</p>
                <pre className="code" role="region" aria-label={text.explorer.answer} tabIndex={0}>{JSON.stringify(answer.body, null, 2)}</pre>
              </>
            ) : (
              <>
                <p className="quiet">{text.explorer.notYet}</p>
                <pre className="code" role="region" aria-label={text.explorer.request} tabIndex={0}>{JSON.stringify(request, null, 2)}</pre>
              </>
            ))}
          {tab !== 'call' && (
            <>
              <div className="actions">
                <Button size="small" onClick={() => void navigator.clipboard.writeText(shown).then(() => toast(text.common.copied), () => toast(text.common.copyFailed))}>
                  {text.common.copyVerb}
                </Button>
              </div>
              <pre className="code" role="region" aria-label={tab} tabIndex={0}>{shown}</pre>
            </>
          )}
        </div>
      </section>
      {asking && (
        <Confirm
          title={name}
          confirm={text.explorer.send}
          danger
          onClose={() => setAsking(false)}
          work={async () => {
            await send();
          }}
        >
          <p>{text.explorer.really}</p>
          <pre className="code">{JSON.stringify(request, null, 2)}</pre>
        </Confirm>
      )}
    </>
  );
}
