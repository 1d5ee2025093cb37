import { useText } from '../../i18n';
import type { Verdict } from '../../lib/carry';
import { Note } from '../../ui/Bits';

/** Whether the new fleet could carry the load, in words. */
export function VerdictNote({ verdict }: { verdict: Verdict }) {
  const text = useText();
  switch (verdict.kind) {
    case 'ready':
      return <Note tone="success">{text.update.ready}</Note>;
    case 'grows':
      return <Note>{text.update.grows(verdict.instances)}</Note>;
    case 'short':
      return <Note tone="warning">{text.update.short(verdict.free, verdict.needed, verdict.instances)}</Note>;
    case 'not-active':
      return <Note tone="danger">{text.update.notActive}</Note>;
    case 'draining':
      return <Note tone="danger">{text.update.isDraining}</Note>;
    case 'no-processes':
      return <Note tone="danger">{text.update.noProcesses}</Note>;
  }
}
