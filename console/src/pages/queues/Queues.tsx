import { useState } from 'react';
import type { GameServerSessionQueue } from '../../api/types';
import { Link, withQuery } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import { parseArn } from '../../lib/arn';
import { Tags } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { TagsModal } from '../../ui/TagsModal';
import { QueueForm } from './QueueForm';

const kPage = 20;
type Open = { kind: 'create' } | { kind: 'modify' | 'delete' | 'tags'; queue: GameServerSessionQueue } | null;

export default function Queues() {
  const text = useText();
  const [offset, setOffset] = useState(0);
  const [open, setOpen] = useState<Open>(null);
  const queues = useApi('DescribeGameServerSessionQueues', { Offset: offset, Limit: kPage });
  const create = (
    <ActionButton kind="primary" onClick={() => setOpen({ kind: 'create' })}>
      {text.queue.create}
    </ActionButton>
  );
  const columns: Column<GameServerSessionQueue>[] = [
    { key: 'name', title: text.queue.identifier, width: 130, render: (queue) => <strong>{queue.Name}</strong> },
    { key: 'timeout', title: text.queue.timeout, width: 75, align: 'right', render: (queue) => text.process.seconds(queue.TimeoutInSeconds) },
    {
      key: 'policies',
      title: text.queue.latency,
      width: 150,
      render: (queue) =>
        queue.PlayerLatencyPolicies.length === 0
          ? '–'
          : queue.PlayerLatencyPolicies.map((policy) => `≤ ${policy.MaximumIndividualPlayerLatencyMilliseconds} ms${policy.PolicyDurationSeconds ? ` (${policy.PolicyDurationSeconds} s)` : ''}`).join(', '),
    },
    {
      key: 'targets',
      title: text.queue.targets,
      width: 290,
      render: (queue) => (
        <ol className="targets">
          {queue.Destinations.map((target) => {
            const arn = parseArn(target.DestinationArn ?? '');
            return (
              <li key={target.DestinationArn}>
                {arn ? (
                  <>
                    <span className="quiet">{arn.region}</span> <code>{arn.id}</code>
                  </>
                ) : (
                  <code>{target.DestinationArn}</code>
                )}
              </li>
            );
          })}
        </ol>
      ),
    },
    { key: 'tags', title: text.common.tags, width: 110, render: (queue) => <Tags tags={queue.Tags} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 235,
      render: (queue) => (
        <div className="actions">
          <Link to={withQuery('/placements', { queue: queue.Name })}>{text.queue.place}</Link>
          <Link to={withQuery('/monitoring', { type: 'QUEUE', id: queue.Name })}>{text.menu.monitoring}</Link>
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'modify', queue })}>
            {text.common.modify}
          </ActionButton>
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'tags', queue })}>
            {text.common.tags}
          </ActionButton>
          <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', queue })}>
            {text.common.delete}
          </ActionButton>
        </div>
      ),
    },
  ];
  return (
    <Page title={text.menu.queues} lead={text.queue.lead} actions={create}>
      <Card>
        {queues.error && <ErrorBox error={queues.error} onRetry={() => void queues.refetch()} />}
        <Table
          label={text.menu.queues}
          rows={queues.data?.GameServerSessionQueues ?? []}
          columns={columns}
          rowKey="Name"
          loading={queues.isPending}
          empty={
            !queues.error && (
              <Empty title={text.queue.none} action={create}>
                {text.queue.noneLong}
              </Empty>
            )
          }
        />
        <Pager offset={offset} size={kPage} total={queues.data?.TotalCount ?? 0} onOffset={setOffset} />
      </Card>
      {open?.kind === 'create' && <QueueForm onClose={() => setOpen(null)} />}
      {open?.kind === 'modify' && <QueueForm queue={open.queue} onClose={() => setOpen(null)} />}
      {open?.kind === 'tags' && <TagsModal arn={open.queue.GameServerSessionQueueArn} tags={open.queue.Tags} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && (
        <Confirm
          title={text.queue.deleteTitle(open.queue.Name)}
          confirm={text.common.delete}
          danger
          done={text.common.deleted}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DeleteGameServerSessionQueue', { Name: open.queue.Name });
          }}
        >
          <p>{text.queue.deleteAffects}</p>
        </Confirm>
      )}
    </Page>
  );
}
