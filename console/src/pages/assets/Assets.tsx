import { useState } from 'react';
import type { Asset } from '../../api/types';
import { useConsole } from '../../app/console';
import { Link, withQuery } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import { Id, Status, Tags, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { TextField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { TagsModal } from '../../ui/TagsModal';
import { UploadForm } from './UploadForm';

const kPage = 20;
const kStates = ['UPLOADING', 'UPLOAD_FAILED', 'UPLOADED'];
type Open = { kind: 'create' } | { kind: 'edit' | 'delete' | 'tags'; asset: Asset } | null;

export default function Assets() {
  const text = useText();
  const { region } = useConsole();
  const [offset, setOffset] = useState(0);
  const [name, setName] = useState('');
  const [open, setOpen] = useState<Open>(null);
  const assets = useApi('DescribeAssets', {
    AssetRegion: region,
    Offset: offset,
    Limit: kPage,
    ...(name ? { Filters: [{ Key: 'resource:name', Values: [name] }] } : {}),
  });
  const create = (
    <ActionButton kind="primary" onClick={() => setOpen({ kind: 'create' })}>
      {text.asset.create}
    </ActionButton>
  );
  const columns: Column<Asset>[] = [
    {
      key: 'name',
      title: text.asset.nameAndId,
      width: 190,
      render: (asset) => (
        <div className="two-lines">
          <span>{asset.AssetName}</span>
          <Id value={asset.AssetId} />
        </div>
      ),
    },
    { key: 'version', title: text.asset.version, width: 80, render: (asset) => asset.AssetVersion },
    { key: 'status', title: text.common.status, width: 95, render: (asset) => <Status value={kStates[asset.Stauts] ?? ''} /> },
    { key: 'size', title: text.asset.size, width: 70, align: 'right', render: (asset) => asset.Size },
    { key: 'os', title: text.fleet.os, width: 100, render: (asset) => asset.OperateSystem },
    { key: 'fleets', title: text.asset.fleets, width: 60, align: 'right', render: (asset) => asset.BindFleetNum },
    { key: 'tags', title: text.common.tags, width: 100, render: (asset) => <Tags tags={asset.Tags} /> },
    { key: 'created', title: text.common.created, width: 150, render: (asset) => <Time value={asset.CreateTime} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 175,
      render: (asset) => (
        <div className="actions">
          <Link to={withQuery('/fleets/new', { asset: asset.AssetId })}>{text.fleet.create}</Link>
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'edit', asset })}>
            {text.common.modify}
          </ActionButton>
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'tags', asset })}>
            {text.common.tags}
          </ActionButton>
          <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', asset })}>
            {text.common.delete}
          </ActionButton>
        </div>
      ),
    },
  ];
  return (
    <Page title={text.menu.assets} lead={text.asset.lead} actions={create}>
      <Card>
        <div className="toolbar">
          <TextField bare type="search" label={text.asset.exact} placeholder={text.asset.exact} value={name} onChange={(next) => (setName(next), setOffset(0))} />
        </div>
        {assets.error && <ErrorBox error={assets.error} onRetry={() => void assets.refetch()} />}
        <Table
          tall
          label={text.menu.assets}
          rows={assets.data?.Assets ?? []}
          columns={columns}
          rowKey="AssetId"
          loading={assets.isPending}
          empty={
            !assets.error && (
              <Empty title={name ? text.common.nothingFound : text.asset.none} action={name ? undefined : create}>
                {name ? undefined : text.asset.noneLong}
              </Empty>
            )
          }
        />
        <Pager offset={offset} size={kPage} total={assets.data?.TotalCount ?? 0} onOffset={setOffset} />
      </Card>
      {open?.kind === 'create' && <UploadForm onClose={() => setOpen(null)} />}
      {open?.kind === 'edit' && <Edit asset={open.asset} onClose={() => setOpen(null)} />}
      {open?.kind === 'tags' && <TagsModal arn={open.asset.AssetArn} tags={open.asset.Tags} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && (
        <Confirm
          title={text.asset.deleteTitle(open.asset.AssetName)}
          confirm={text.common.delete}
          danger
          disabled={open.asset.BindFleetNum > 0}
          done={text.common.deleted}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DeleteAsset', { AssetId: open.asset.AssetId });
          }}
        >
          <p>{open.asset.BindFleetNum > 0 ? text.asset.inUse(open.asset.BindFleetNum) : text.asset.deleteAffects}</p>
        </Confirm>
      )}
    </Page>
  );
}

function Edit({ asset, onClose }: { asset: Asset; onClose: () => void }) {
  const text = useText();
  const [name, setName] = useState(asset.AssetName);
  const [version, setVersion] = useState(asset.AssetVersion);
  const problem = !name || !version || name.length > 64 || version.length > 64 ? text.asset.nameRange : null;
  return (
    <FormModal
      title={text.asset.editTitle(asset.AssetName)}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateAsset', { AssetId: asset.AssetId, AssetName: name, AssetVersion: version });
      }}
    >
      <TextField label={text.common.name} required value={name} onChange={setName} />
      <TextField label={text.asset.version} required value={version} onChange={setVersion} />
    </FormModal>
  );
}
