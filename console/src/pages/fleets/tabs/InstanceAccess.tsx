import { useState } from 'react';
import type { InstanceAccess as Access } from '../../../api/types';
import { useSubmit } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Note } from '../../../ui/Bits';
import { ActionButton, Button } from '../../../ui/Button';
import { ErrorBox } from '../../../ui/ErrorBox';
import { Modal } from '../../../ui/Modal';

/** How to log in to an instance's host. The key is asked for by a click only, and forgotten with the dialog. */
export function InstanceAccess({ fleetId, instanceId, onClose }: { fleetId: string; instanceId: string; onClose: () => void }) {
  const text = useText();
  const [access, setAccess] = useState<Access | null>(null);
  const { busy, error, submit } = useSubmit();
  const show = () =>
    submit(async (run) => {
      const answer = await run('GetInstanceAccess', { FleetId: fleetId, InstanceId: instanceId });
      setAccess(answer.InstanceAccess);
    });
  return (
    <Modal
      wide
      title={text.instance.accessTitle(instanceId)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{text.common.close}</Button>
          {!access && (
            <ActionButton kind="primary" busy={busy} onClick={() => void show()}>
              {text.instance.accessShow}
            </ActionButton>
          )}
        </>
      }
    >
      <Note tone="warning">{text.instance.accessLead}</Note>
      {error && <ErrorBox error={error} />}
      {access && (
        <Facts>
          <Fact label={text.session.address}>
            <Id value={access.IpAddress} />
          </Fact>
          <Fact label={text.instance.accessUser}>
            <Id value={access.Credentials.UserName} />
          </Fact>
          <Fact label={text.fleet.os}>{access.OperatingSystem}</Fact>
          <Fact label={text.instance.accessKey}>
            <Id value={access.Credentials.Secret} short={access.Credentials.Secret.split('\n', 1)[0]} />
          </Fact>
        </Facts>
      )}
    </Modal>
  );
}
