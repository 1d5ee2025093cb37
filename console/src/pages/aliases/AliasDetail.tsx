import { useState } from 'react';
import { go, Link, to } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useFleetNames } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Fact, Facts, Id, Tags, Time } from '../../ui/Bits';
import { ActionButton, Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Page } from '../../ui/Page';
import { TagsModal } from '../../ui/TagsModal';
import { AliasForm } from './AliasForm';
import { DeleteAlias } from './DeleteAlias';
import { History } from './History';
import { Route } from './Route';

export default function AliasDetail({ aliasId }: { aliasId: string }) {
  const text = useText();
  const alias = useApi('DescribeAlias', { AliasId: aliasId });
  const { fleets } = useFleetNames();
  const [open, setOpen] = useState<'modify' | 'delete' | 'tags' | null>(null);
  const back = <Link to="/aliases">← {text.menu.aliases}</Link>;
  const found = alias.data?.Alias;
  if (!found) {
    return (
      <Page title={aliasId} back={back}>
        {alias.error && <ErrorBox error={alias.error} onRetry={() => void alias.refetch()} />}
      </Page>
    );
  }
  return (
    <Page
      title={found.Name}
      back={back}
      actions={
        <>
          <Button kind="primary" onClick={() => go(to('update', aliasId))}>
            {text.alias.move}
          </Button>
          <ActionButton onClick={() => setOpen('modify')}>{text.common.modify}</ActionButton>
          <ActionButton onClick={() => setOpen('tags')}>{text.common.editTags}</ActionButton>
          <ActionButton kind="danger" onClick={() => setOpen('delete')}>
            {text.common.delete}
          </ActionButton>
        </>
      }
    >
      <Card title={text.common.basic}>
        <Facts>
          <Fact label="AliasId">
            <Id value={found.AliasId} />
          </Fact>
          <Fact label={text.alias.target}>
            <Route strategy={found.RoutingStrategy} fleets={fleets} />
          </Fact>
          <Fact label={text.common.description}>{found.Description || '–'}</Fact>
          <Fact label={text.common.tags}>
            <Tags tags={found.Tags} />
          </Fact>
          <Fact label={text.common.created}>
            <Time value={found.CreationTime} />
          </Fact>
          <Fact label={text.common.updated}>
            <Time value={found.LastUpdatedTime} />
          </Fact>
          <Fact label="ARN">
            <Id value={found.AliasArn} />
          </Fact>
        </Facts>
      </Card>
      <History alias={found} fleets={fleets} />
      {open === 'modify' && <AliasForm alias={found} fleets={fleets} onClose={() => setOpen(null)} />}
      {open === 'tags' && <TagsModal arn={found.AliasArn} tags={found.Tags} onClose={() => setOpen(null)} />}
      {open === 'delete' && <DeleteAlias alias={found} onClose={() => setOpen(null)} onDone={() => go('/aliases')} />}
    </Page>
  );
}
