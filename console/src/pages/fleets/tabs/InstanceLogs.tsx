import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { ErrorBox } from '../../../ui/ErrorBox';
import { Modal } from '../../../ui/Modal';
import { Empty } from '../../../ui/Page';

export function InstanceLogs({ fleetId, instanceId, onClose }: { fleetId: string; instanceId: string; onClose: () => void }) {
  const text = useText();
  const logs = useApi('GetGameServerInstanceLogUrl', { FleetId: fleetId, InstanceId: instanceId, Offset: 0, Size: 50 });
  const urls = logs.data?.PresignedUrls ?? [];
  return (
    <Modal title={text.instance.logsTitle(instanceId)} onClose={onClose}>
      {logs.error && <ErrorBox error={logs.error} />}
      {!logs.error && !logs.isPending && urls.length === 0 && <Empty title={text.instance.noLogs}>{text.instance.noLogsLong}</Empty>}
      <ul>
        {urls.map((url) => (
          <li key={url}>
            <a className="link" href={url} download rel="noreferrer">
              {url.split('?', 1)[0]?.split('/').pop()}
            </a>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
