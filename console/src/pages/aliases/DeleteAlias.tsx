import type { Alias } from '../../api/types';
import { useText } from '../../i18n';
import { Confirm } from '../../ui/Confirm';

export function DeleteAlias({ alias, onClose, onDone }: { alias: Alias; onClose: () => void; onDone?: () => void }) {
  const text = useText();
  return (
    <Confirm
      title={text.alias.deleteTitle(alias.Name)}
      confirm={text.common.delete}
      danger
      done={text.common.deleted}
      onClose={onClose}
      work={async (run) => {
        await run('DeleteAlias', { AliasId: alias.AliasId });
        onDone?.();
      }}
    >
      <p>{text.alias.deleteAffects}</p>
      <p>
        <code>{alias.AliasId}</code>
      </p>
    </Confirm>
  );
}
