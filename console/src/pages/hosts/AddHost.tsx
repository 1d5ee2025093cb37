import { useState } from 'react';
import { useConsole } from '../../app/console';
import { useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { NumberField, SelectField, TextField } from '../../ui/Field';
import { Modal } from '../../ui/Modal';
import { useToast } from '../../ui/Toast';
import { joinCommands } from './join';

/** Makes a token with which one machine becomes a host; shows it once, in the commands that use it. */
export function AddHost({ onClose }: { onClose: () => void }) {
  const text = useText();
  const toast = useToast();
  const { session } = useConsole();
  const [description, setDescription] = useState('');
  const [ttl, setTtl] = useState('3600');
  const [region, setRegion] = useState('');
  const [token, setToken] = useState('');
  const [server, setServer] = useState('');
  const [capacity, setCapacity] = useState<number | null>(8);
  const { busy, error, submit } = useSubmit();
  const create = () =>
    submit(async (run) => {
      const made = await run('CreateHostToken', { TtlSeconds: Number(ttl), Description: description, ...(region ? { Region: region } : {}) });
      setToken(made.Token);
      // A server that knows no name for itself is reached by the one that we came by.
      setServer(made.LinkAddress.startsWith(':') ? window.location.hostname + made.LinkAddress : made.LinkAddress);
    });
  const copy = (what: string) => void navigator.clipboard.writeText(what).then(() => toast(text.common.copied), () => toast(text.common.copyFailed));
  const commands = joinCommands({ token, server, capacity: capacity ?? 1 });
  return (
    <Modal
      title={text.host.add}
      wide={token !== ''}
      onClose={onClose}
      footer={
        token ? (
          <>
            <Button onClick={() => copy(token)}>{text.host.copyToken}</Button>
            <Button onClick={() => copy(commands)}>{text.host.copyCommands}</Button>
            <Button kind="primary" onClick={onClose}>
              {text.host.kept}
            </Button>
          </>
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
      {token ? (
        <>
          <Note tone="warning">{text.host.once}</Note>
          <div className="row">
            <TextField label={text.host.address} value={server} onChange={(next) => setServer(next.trim())} hint={text.host.addressHint} />
            <NumberField label={text.host.capacity} value={capacity} onChange={setCapacity} />
          </div>
          <pre className="code" role="region" aria-label={text.host.commands} tabIndex={0}>
            {commands}
          </pre>
        </>
      ) : (
        <>
          <TextField label={text.common.description} value={description} onChange={setDescription} />
          <div className="row">
            <SelectField label={text.host.ttl} value={ttl} onChange={setTtl} options={Object.entries(text.host.ttls).map(([value, label]) => ({ value, label }))} />
            <SelectField
              label={text.host.bind}
              value={region}
              onChange={setRegion}
              placeholder={text.host.bindNone}
              options={session.Regions.map((one) => ({ value: one.Region, label: text.regions[one.Region] ?? one.Region }))}
            />
          </div>
          {error && <ErrorBox error={error} />}
        </>
      )}
    </Modal>
  );
}
