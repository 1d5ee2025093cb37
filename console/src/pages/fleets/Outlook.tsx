import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import type { EmptyIn } from '../../lib/drain';
import { duration } from '../../lib/format';
import { Figure } from '../../ui/Bits';

const kEveryMs = 3000;

/** What the server says of a fleet that runs empty, or of one that would. */
export function useFleetDrain(fleetId: string, rows: number, offset = 0) {
  return useApi('DescribeFleetDrain', { FleetId: fleetId, Limit: rows, Offset: offset }, { every: kEveryMs });
}

interface Props {
  label: string;
  empty: EmptyIn;
  /** Past sessions that the server judges by; none where it does not say. */
  samples: number | undefined;
  draining: boolean;
}

/** When a fleet will be empty, as figures: as likely as not, almost surely, and by force. */
export function Outlook({ label, empty, samples, draining }: Props) {
  const text = useText();
  const basis = empty.byPace ? text.drain.pace : samples === undefined ? text.update.etaUnknownLong : text.drain.basis(samples);
  return (
    <>
      <Figure label={label} value={empty.likely === null ? text.drain.unknown : `≈ ${duration(empty.likely)}`} hint={basis} />
      {empty.p90 !== null && <Figure label={text.drain.p90} value={text.drain.within(duration(empty.p90))} />}
      {(draining || empty.latest !== null) && <Figure label={text.drain.latest} value={empty.latest === null ? text.drain.never : text.drain.within(duration(empty.latest))} />}
    </>
  );
}
