import CopyIcon from 'tdesign-icons-react/esm/components/copy';
import { Tag as TTag } from 'tdesign-react/es/tag';
import type { ReactNode } from 'react';
import type { FleetAttributes, Tag } from '../api/types';
import { useText } from '../i18n';
import { useNow } from '../hooks/clock';
import { duration, localTime, percent } from '../lib/format';
import { useToast } from './Toast';

type Tone = 'default' | 'primary' | 'success' | 'warning' | 'danger';

const kTones: Record<string, Tone> = {
  ACTIVE: 'success',
  Active: 'success',
  RUNNING: 'success',
  FULFILLED: 'success',
  GRANTED: 'success',
  ENABLED: 'success',
  CONNECTED: 'success',
  COMPLETED: 'default',
  REFUSED: 'danger',
  ERROR: 'danger',
  FAILED: 'danger',
  TIMED_OUT: 'danger',
  LOST: 'danger',
  STARTING: 'primary',
  LEAVING: 'default',
  SILENT: 'warning',
  DISCONNECTED: 'warning',
  DRAINING: 'warning',
  CORDONED: 'warning',
  DELETING: 'warning',
  TERMINATING: 'warning',
  Terminating: 'warning',
  DISABLED: 'default',
  USED: 'default',
  DRAINED: 'default',
  TERMINATED: 'default',
  CANCELLED: 'default',
  TIMEDOUT: 'default',
};

/** A state of the API, translated and coloured; the API's own word is its tooltip. */
export function Status({ value }: { value: string }) {
  const text = useText();
  const words: Record<string, string | undefined> = text.status;
  return (
    <TTag theme={kTones[value] ?? 'primary'} variant="light" title={value}>
      {words[value] ?? value}
    </TTag>
  );
}

/** The state of a fleet, and that it runs empty. */
export function FleetStatus({ fleet }: { fleet: FleetAttributes }) {
  return (
    <span className="inline">
      <Status value={fleet.Status} />
      {fleet.Draining && <Status value="DRAINING" />}
    </span>
  );
}

export function Time({ value }: { value: string | null | undefined }) {
  return <time dateTime={value ?? ''}>{localTime(value)}</time>;
}

/** How long ago something began, counting; with `until`, how long it lasted. */
export function Age({ since, until }: { since: string; until?: string | null }) {
  const now = useNow(1000);
  return <>{duration(((until ? Date.parse(until) : now) - Date.parse(since)) / 1000)}</>;
}

/** An id that a click copies. */
export function Id({ value, short }: { value: string; short?: string }) {
  const text = useText();
  const toast = useToast();
  if (!value) return <span>–</span>;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      toast(text.common.copied);
    } catch {
      toast(text.common.copyFailed);
    }
  };
  return (
    <span className="id">
      <code title={value}>{short ?? value}</code>
      <button type="button" className="icon-button" aria-label={text.common.copy(value)} onClick={() => void copy()}>
        <CopyIcon />
      </button>
    </span>
  );
}

export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Figure({ label, value, hint }: { label: string; value: ReactNode; hint?: ReactNode }) {
  return (
    <div className="figure">
      <span className="figure-label">{label}</span>
      <span className="figure-value">{value}</span>
      {hint && <span className="figure-hint">{hint}</span>}
    </div>
  );
}

/** How full something is. */
export function Meter({ label, part, whole }: { label: string; part: number; whole: number }) {
  const share = Math.min(100, percent(part, whole));
  return (
    <span className="meter">
      <progress className={share > 90 ? 'meter-bar meter-full' : 'meter-bar'} aria-label={label} max={Math.max(whole, 1)} value={part} />
      <span className="meter-text">
        {part}/{whole}
      </span>
    </span>
  );
}

export function Tags({ tags }: { tags: Tag[] | undefined }) {
  if (!tags?.length) return <span className="quiet">–</span>;
  return (
    <span className="tags">
      {tags.map((tag) => (
        <TTag key={tag.Key} variant="outline" size="small" title={`${tag.Key}: ${tag.Value}`}>
          {tag.Key}: {tag.Value}
        </TTag>
      ))}
    </span>
  );
}

export function Note({ tone = 'info', children }: { tone?: 'info' | 'warning' | 'success' | 'danger'; children: ReactNode }) {
  return <div className={`note note-${tone}`}>{children}</div>;
}
