import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Fact, Facts, Id, Tags, Time } from '../../../ui/Bits';
import { ErrorBox } from '../../../ui/ErrorBox';
import { Card } from '../../../ui/Page';

export function AssetTab({ assetId }: { assetId: string }) {
  const text = useText();
  const asset = useApi('DescribeAsset', { AssetId: assetId });
  const found = asset.data?.Asset;
  return (
    <Card title={text.fleet.asset}>
      {asset.error && <ErrorBox error={asset.error} />}
      {found && (
        <Facts>
          <Fact label={text.common.name}>{found.AssetName}</Fact>
          <Fact label="AssetId">
            <Id value={found.AssetId} />
          </Fact>
          <Fact label={text.asset.version}>{found.AssetVersion}</Fact>
          <Fact label={text.asset.size}>{found.Size}</Fact>
          <Fact label={text.fleet.os}>{found.OperateSystem}</Fact>
          <Fact label={text.asset.fleets}>{found.BindFleetNum}</Fact>
          <Fact label={text.common.created}>
            <Time value={found.CreateTime} />
          </Fact>
          <Fact label={text.common.tags}>
            <Tags tags={found.Tags} />
          </Fact>
        </Facts>
      )}
    </Card>
  );
}
