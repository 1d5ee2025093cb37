import { go, to, withQuery } from '../../app/router';
import { useConsole } from '../../app/console';
import { useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { ActionButton } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card } from '../../ui/Page';
import { aliasOf, createFleet, kSecondName, upload } from './demo';

/** After the chat: all that an update without downtime needs, and the way to its screen. */
export function Next({ fleetId }: { fleetId: string }) {
  const text = useText();
  const { region } = useConsole();
  const { busy, error, submit } = useSubmit();
  const prepare = () =>
    submit(async (run) => {
      const aliasId = await aliasOf(run, fleetId);
      const fresh = await createFleet(run, await upload(run, region, 'v2'), kSecondName, 'Version 2 of the demo game');
      go(withQuery(to('update', aliasId), { from: fleetId, to: fresh }));
    });
  return (
    <Card title={text.start.next}>
      <p>{text.start.nextLong}</p>
      {error && <ErrorBox error={error} />}
      <div className="actions">
        <ActionButton busy={busy} onClick={() => void prepare()}>
          {text.start.nextButton}
        </ActionButton>
      </div>
    </Card>
  );
}
