import { useCallback, useEffect, useRef, useState } from 'react';
import { call } from '../../api/client';
import { useConsole } from '../../app/console';
import { useApi, useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { ActionButton, Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Note } from '../../ui/Bits';
import { Page } from '../../ui/Page';
import { Connect } from './Connect';
import { createFleet, createSession, upload } from './demo';
import { Next } from './Next';
import { type Demo, find, kNothing, stored, store } from './state';
import { Step } from './Step';
import { SubStates } from './SubStates';

/** From nothing to a chat: the four steps of the original's getting started, each one click. */
export default function Start() {
  const text = useText();
  const { region } = useConsole();
  const [kept, setDemo] = useState<Demo | null>(() => stored(region));
  const demo = kept ?? kNothing;
  const { all } = demo;
  const { busy, error, submit, clear } = useSubmit();
  const change = useCallback((next: Demo) => (store(region, next), setDemo(next)), [region]);
  const fleet = useApi(
    'DescribeFleetAttributes',
    { FleetIds: [demo.fleetId] },
    { enabled: demo.fleetId !== '', every: 1000 },
  );
  const status = demo.fleetId ? fleet.data?.FleetAttributes.find((one) => one.FleetId === demo.fleetId)?.Status : undefined;
  const gone = demo.fleetId !== '' && fleet.error?.code.startsWith('ResourceNotFound');
  const step = !demo.assetId ? 1 : !demo.fleetId || status !== 'ACTIVE' ? 2 : !demo.sessionId ? 3 : 4;

  const doUpload = useCallback(
    () => submit(async (run) => change({ ...kNothing, all, assetId: await upload(run, region) })),
    [submit, change, region, all],
  );
  const doFleet = useCallback(
    () => submit(async (run) => change({ ...demo, fleetId: await createFleet(run, demo.assetId), sessionId: '' })),
    [submit, change, demo],
  );
  const doSession = useCallback(
    () => submit(async (run) => change({ ...demo, sessionId: await createSession(run, demo.fleetId) })),
    [submit, change, demo],
  );

  // A visit without anything kept begins where the last one, of any browser, has ended.
  const looked = useRef(false);
  useEffect(() => {
    if (kept || looked.current) return;
    looked.current = true;
    find((action, input) => call(action, region, input)).then(setDemo, () => setDemo(kNothing));
  }, [kept, region]);

  // "Do it all": the next step begins when the one before is through.
  useEffect(() => {
    if (!all || busy) return;
    if (error || status === 'ERROR' || step === 4) change({ ...demo, all: false });
    else if (step === 1) void doUpload();
    else if (step === 2 && !demo.fleetId) void doFleet();
    else if (step === 3) void doSession();
  }, [all, busy, error, status, step, demo, change, doUpload, doFleet, doSession]);

  return (
    <Page
      title={text.menu.start}
      lead={text.start.lead}
      actions={
        <>
          {kept && step < 4 && (
            <ActionButton kind="primary" busy={all} onClick={() => (clear(), change({ ...demo, all: true }))}>
              {text.start.all}
            </ActionButton>
          )}
          {demo.assetId && <Button onClick={() => (clear(), change(kNothing))}>{text.start.again}</Button>}
        </>
      }
    >
      {gone && <Note tone="warning">{text.start.gone}</Note>}
      {error && <ErrorBox error={error} />}
      <ol className="steps">
        <Step number={1} current={step} title={text.start.upload} done={text.start.uploaded(demo.assetId)}>
          <p>{text.start.uploadLong}</p>
          <ActionButton kind="primary" busy={busy} onClick={() => void doUpload()}>
            {text.start.uploadButton}
          </ActionButton>
        </Step>
        <Step number={2} current={step} title={text.start.fleet} done={text.start.fleetDone(demo.fleetId)}>
          <p>{text.start.fleetLong}</p>
          {demo.fleetId ? (
            <SubStates status={status ?? 'NEW'} fleetId={demo.fleetId} />
          ) : (
            <ActionButton kind="primary" busy={busy} onClick={() => void doFleet()}>
              {text.start.fleetButton}
            </ActionButton>
          )}
        </Step>
        <Step number={3} current={step} title={text.start.session} done={text.start.sessionDone}>
          <p>{text.start.sessionLong}</p>
          <ActionButton kind="primary" busy={busy} onClick={() => void doSession()}>
            {text.start.sessionButton}
          </ActionButton>
        </Step>
        <Step number={4} current={step} title={text.start.connect} done="">
          <Connect sessionId={demo.sessionId} fleetId={demo.fleetId} onNewSession={() => void doSession()} busy={busy} />
        </Step>
      </ol>
      {step === 4 && <Next fleetId={demo.fleetId} />}
    </Page>
  );
}
