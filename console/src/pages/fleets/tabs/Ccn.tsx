import { useState } from 'react';
import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Status, Time } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { ErrorBox } from '../../../ui/ErrorBox';
import { TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { Card } from '../../../ui/Page';

/** The fleet's association with a cloud connect network: one at most. */
export function Ccn({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [open, setOpen] = useState<'attach' | 'detach' | null>(null);
  const ccn = useApi('DescribeCcnInstances', { FleetId: fleetId });
  const found = ccn.data?.CcnInstanceSets[0];
  return (
    <Card
      title={text.fleet.ccn}
      actions={
        ccn.data && (
          <ActionButton size="small" onClick={() => setOpen(found ? 'detach' : 'attach')}>
            {found ? text.fleet.ccnDetach : text.fleet.ccnAttach}
          </ActionButton>
        )
      }
    >
      {ccn.error && <ErrorBox error={ccn.error} />}
      {found ? (
        <Facts>
          <Fact label={text.fleet.ccnId}>
            <Id value={found.CcnId} />
          </Fact>
          <Fact label={text.fleet.ccnAccount}>{found.AccountId}</Fact>
          <Fact label={text.common.status}>
            <Status value={found.State} />
          </Fact>
          <Fact label={text.common.created}>
            <Time value={found.CreateTime} />
          </Fact>
        </Facts>
      ) : (
        <p className="quiet">{text.fleet.ccnHint}</p>
      )}
      {open === 'attach' && <Attach fleetId={fleetId} onClose={() => setOpen(null)} />}
      {open === 'detach' && (
        <Confirm
          title={text.fleet.ccnDetach}
          confirm={text.fleet.ccnDetach}
          danger
          done={text.common.saved}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DetachCcnInstances', { FleetId: fleetId });
          }}
        >
          <p>{text.fleet.ccnDetachAffects(found?.CcnId ?? '')}</p>
        </Confirm>
      )}
    </Card>
  );
}

function Attach({ fleetId, onClose }: { fleetId: string; onClose: () => void }) {
  const text = useText();
  const [account, setAccount] = useState('');
  const [id, setId] = useState('');
  return (
    <FormModal
      title={text.fleet.ccn}
      confirm={text.fleet.ccnAttach}
      done={text.common.saved}
      problem={/^\d{1,20}$/.test(account) && id !== '' ? null : text.fleet.ccnBoth}
      onClose={onClose}
      work={async (run) => {
        await run('AttachCcnInstances', { FleetId: fleetId, AccountId: account, CcnId: id });
      }}
    >
      <p className="quiet">{text.fleet.ccnHint}</p>
      <TextField label={text.fleet.ccnAccount} required value={account} onChange={(next) => setAccount(next.trim())} />
      <TextField label={text.fleet.ccnId} required value={id} onChange={(next) => setId(next.trim())} placeholder="ccn-2dsbtmo3" />
    </FormModal>
  );
}
