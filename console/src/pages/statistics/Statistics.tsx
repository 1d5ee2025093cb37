import { useMemo, useState } from 'react';
import type { FleetStatisticDetail } from '../../api/types';
import { type ApiError, asApiError } from '../../api/error';
import { useConsole } from '../../app/console';
import { useApi } from '../../hooks/api';
import { useFleetNames } from '../../hooks/fleets';
import { readAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { csv, duration, localTime, statisticsTime } from '../../lib/format';
import { Figure } from '../../ui/Bits';
import { Button } from '../../ui/Button';
import { Chart } from '../../ui/Chart';
import { ErrorBox } from '../../ui/ErrorBox';
import { Field, SelectField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { useToast } from '../../ui/Toast';

const kPage = 50;
const kDay = 86_400_000;
/** A sheet has at most a hundred times as many rows. */
const kMostSheetPages = 500;
type Row = FleetStatisticDetail & { id: string };

function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', content], { type: 'text/csv' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}

/** `yyyy-mm-dd` of today, `days` ago, in UTC: the server counts by UTC day. */
function dayAgo(days: number): string {
  return new Date(Date.now() - days * kDay).toISOString().slice(0, 10);
}

const kSheetColumns = ['FleetId', 'InstanceId', 'InstanceIP', 'BeginTime', 'EndTime', 'TotalUsedTimeSeconds', 'TotalUsedFlowMegaBytes'] as const;

function sheetOf(entries: FleetStatisticDetail[]): (string | number)[][] {
  return [[...kSheetColumns], ...entries.map((one) => kSheetColumns.map((column) => one[column] ?? ''))];
}

export default function Statistics() {
  const text = useText();
  const toast = useToast();
  const { region } = useConsole();
  const { fleets } = useFleetNames();
  const [fleetId, setFleetId] = useState('');
  const [from, setFrom] = useState(() => dayAgo(6));
  const [until, setUntil] = useState(() => dayAgo(0));
  const [offset, setOffset] = useState(0);
  const [sheet, setSheet] = useState<{ read: number; total: number } | null>(null);
  const [sheetError, setSheetError] = useState<ApiError | null>(null);
  const period = {
    BeginTime: `${from} 00:00:00`,
    EndTime: statisticsTime(new Date(Date.parse(`${until}T00:00:00Z`) + kDay)),
    ...(fleetId ? { FleetId: fleetId } : {}),
  };
  const enabled = from !== '' && until !== '' && from <= until;
  const summary = useApi('DescribeFleetStatisticSummary', period, { enabled });
  const flows = useApi('DescribeFleetStatisticFlows', { ...period, Offset: 0, Limit: 100 }, { enabled });
  const details = useApi('DescribeFleetStatisticDetails', { ...period, Offset: offset, Limit: kPage }, { enabled });
  const series = useMemo(
    () => [
      {
        name: text.statistics.hours,
        points: (flows.data?.UsedTimeList ?? [])
          .map((one) => [Date.parse(`${one.BeginTime.replace(' ', 'T').replace(/Z?$/, 'Z')}`), Math.round(Number(one.TotalUsedTimeSeconds) / 36) / 100] as const)
          .sort((a, b) => a[0] - b[0]),
      },
    ],
    [flows.data, text],
  );
  const rows: Row[] = (details.data?.DetailList ?? []).map((one, index) => ({ ...one, id: `${one.InstanceId} ${one.BeginTime} ${index}` }));
  const columns: Column<Row>[] = [
    { key: 'fleet', title: 'FleetId', width: 200, render: (one) => <code>{one.FleetId}</code> },
    { key: 'instance', title: text.instance.id, width: 130, render: (one) => <code>{one.InstanceId}</code> },
    { key: 'ip', title: 'IP', width: 120, render: (one) => one.InstanceIP },
    { key: 'begin', title: text.statistics.begin, width: 160, render: (one) => localTime(one.BeginTime) },
    { key: 'end', title: text.statistics.end, width: 160, render: (one) => localTime(one.EndTime) },
    { key: 'time', title: text.instance.runTime, width: 130, render: (one) => duration(Number(one.TotalUsedTimeSeconds)) },
    { key: 'flow', title: text.statistics.flow, width: 110, align: 'right', render: (one) => `${one.TotalUsedFlowMegaBytes} MB` },
  ];
  const save = async () => {
    setSheet({ read: 0, total: details.data?.TotalCount ?? 0 });
    setSheetError(null);
    try {
      const { entries, total } = await readAll('DescribeFleetStatisticDetails', region, period, (page) => page.DetailList, {
        mostPages: kMostSheetPages,
        onRead: (read, all) => setSheet({ read, total: all }),
      });
      download(`gse-statistics-${from}-${until}.csv`, csv(sheetOf(entries)));
      toast(entries.length < total ? text.statistics.cutShort(entries.length, total) : text.statistics.downloaded(entries.length));
    } catch (thrown) {
      setSheetError(asApiError(thrown));
    } finally {
      setSheet(null);
    }
  };

  const error = summary.error ?? flows.error ?? details.error;
  return (
    <Page title={text.menu.statistics} lead={text.statistics.lead}>
      <Card>
        <div className="row">
          <SelectField
            label={text.alias.fleet}
            value={fleetId}
            onChange={(next) => (setFleetId(next), setOffset(0))}
            placeholder={text.statistics.allFleets}
            options={fleets.map(({ attributes }) => ({ value: attributes.FleetId, label: `${attributes.Name} · ${attributes.FleetId}` }))}
          />
          <Field label={text.statistics.from}>
            <input className="select" type="date" value={from} max={until} onChange={(event) => setFrom(event.target.value)} />
          </Field>
          <Field label={text.statistics.until}>
            <input className="select" type="date" value={until} min={from} onChange={(event) => setUntil(event.target.value)} />
          </Field>
        </div>
        {error && <ErrorBox error={error} />}
        <div className="figures">
          <Figure label={text.statistics.total} value={duration(Number(summary.data?.TotalUsedTimeSeconds ?? 0))} />
          <Figure label={text.statistics.totalFlow} value={`${summary.data?.TotalUsedFlowMegaBytes ?? 0} MB`} />
        </div>
        <Chart label={text.statistics.hours} series={series} unit="h" />
      </Card>
      <Card
        title={text.statistics.history}
        actions={
          <Button size="small" disabled={rows.length === 0} busy={sheet !== null} onClick={() => void save()}>
            {sheet && sheet.read > 0 ? text.statistics.reading(sheet.read, sheet.total) : text.statistics.download}
          </Button>
        }
      >
        {sheetError && <ErrorBox error={sheetError} />}
        <Table label={text.statistics.history} rows={rows} columns={columns} rowKey="id" loading={details.isPending} empty={<Empty title={text.statistics.none} />} />
        <Pager offset={offset} size={kPage} total={details.data?.TotalCount ?? 0} onOffset={setOffset} />
      </Card>
    </Page>
  );
}
