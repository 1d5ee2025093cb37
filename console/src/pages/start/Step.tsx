import type { ReactNode } from 'react';
import { useText } from '../../i18n';

interface Props {
  number: number;
  current: number;
  title: string;
  done: string;
  children: ReactNode;
}

export function Step({ number, current, title, done, children }: Props) {
  const text = useText();
  const state = number < current ? 'done' : number === current ? 'now' : 'later';
  return (
    <li className={`step step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
      <span className="step-number" aria-hidden>
        {state === 'done' ? '✓' : number}
      </span>
      <div className="step-body">
        <h2>
          {title}
          <span className="unseen"> ({text.start.states[state]})</span>
        </h2>
        <div aria-live="polite">
          {state === 'done' && <p className="quiet">{done}</p>}
          {state === 'now' && children}
        </div>
      </div>
    </li>
  );
}
