import { useState } from 'react';
import type { Event } from '../../../api/types';
import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { Time } from '../../../ui/Bits';
import { ErrorBox } from '../../../ui/ErrorBox';
import { TextField } from '../../../ui/Field';
import { Card, Empty } from '../../../ui/Page';
import { type Column, Pager, Table } from '../../../ui/Table';

const kPage = 50;

/** Only what the server itself signed may be followed. */
function logUrl(url: string): string | null {
  return /^(https?:\/\/|\/)/.test(url) ? url : null;
}

export function EventsTab({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [offset, setOffset] = useState(0);
  const [code, setCode] = useState('');
  const events = useApi('DescribeFleetEvents', {
    FleetId: fleetId,
    Offset: offset,
    Limit: kPage,
    ...(code ? { EventCode: code } : {}),
  });
  const columns: Column<Event>[] = [
    { key: 'time', title: text.common.time, width: 170, render: (event) => <Time value={event.EventTime} /> },
    { key: 'code', title: text.fleet.eventCode, width: 320, render: (event) => <code>{event.EventCode}</code> },
    { key: 'message', title: text.fleet.eventMessage, width: 380, render: (event) => <span className="wrap">{event.Message}</span> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 110,
      render: (event) => {
        const url = event.PreSignedLogUrl ? logUrl(event.PreSignedLogUrl) : null;
        return url ? (
          <a className="link" href={url} download rel="noreferrer">
            {text.fleet.downloadLog}
          </a>
        ) : null;
      },
    },
  ];
  return (
    <Card>
      <div className="toolbar">
        <TextField bare type="search" label={text.fleet.eventFilter} placeholder={text.fleet.eventFilter} value={code} onChange={(next) => (setCode(next.trim()), setOffset(0))} />
      </div>
      {events.error && <ErrorBox error={events.error} />}
      <Table
        label={text.fleet.tabs.events}
        rows={events.data?.Events ?? []}
        columns={columns}
        rowKey="EventId"
        loading={events.isPending}
        empty={<Empty title={text.fleet.noEvents} />}
      />
      <Pager offset={offset} size={kPage} total={events.data?.TotalCount ?? 0} onOffset={setOffset} />
    </Card>
  );
}
