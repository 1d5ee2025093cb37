import { useState } from 'react';
import type { AccessKey } from '../../api/types';
import { useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { Fact, Facts, Id, Note } from '../../ui/Bits';
import { Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { CheckField, TextField } from '../../ui/Field';
import { Modal } from '../../ui/Modal';

/** Makes a key, or one in place of another; shows its secret once. */
export function CreateKey({ rotates, onClose }: { rotates?: AccessKey; onClose: () => void }) {
  const text = useText();
  const [description, setDescription] = useState(rotates?.Description ?? '');
  const [readOnly, setReadOnly] = useState(rotates?.ReadOnly ?? false);
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  const { busy, error, submit } = useSubmit();
  const create = () =>
    submit(async (run) => {
      const { AccessKey, SecretKey } = await run('CreateAccessKey', { Description: description, ReadOnly: readOnly });
      setMade({ id: AccessKey.SecretId, secret: SecretKey });
    });
  return (
    <Modal
      title={rotates ? text.key.rotateTitle(rotates.SecretId) : text.key.create}
      onClose={onClose}
      footer={
        made ? (
          <Button kind="primary" onClick={onClose}>
            {text.key.kept}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{text.common.cancel}</Button>
            <Button kind="primary" busy={busy} onClick={() => void create()}>
              {text.common.ok}
            </Button>
          </>
        )
      }
    >
      {made ? (
        <>
          <Note tone="warning">{rotates ? text.key.rotateNext(rotates.SecretId) : text.key.once}</Note>
          <Facts>
            <Fact label="SecretId">
              <Id value={made.id} />
            </Fact>
            <Fact label="SecretKey">
              <Id value={made.secret} />
            </Fact>
          </Facts>
        </>
      ) : (
        <>
          {rotates && <p>{text.key.rotateLead}</p>}
          <TextField label={text.common.description} value={description} onChange={setDescription} />
          <CheckField label={text.key.readOnly} checked={readOnly} onChange={setReadOnly} hint={text.key.readOnlyHint} />
          {error && <ErrorBox error={error} />}
        </>
      )}
    </Modal>
  );
}
