import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, launch, shootPage } from './browser';
import { binaryOf, kTellings, nameOf, type RealServer, signInByLink, startReal, textOf, type Visitor } from './real-site';

// Every resource, made, changed and removed by hand as its pages have it, against a real server.
const kLongMs = Number(process.env["PATIENCE_MS"] ?? 30_000);

/** A server has an authority, and tokens for hosts, unless its link is on loopback. Others hear TLS there, and are asked for a certificate. */
const kSettings = ['--set', 'link_listen=0.0.0.0:0'];

/** Whether somebody speaks TLS on that port of this machine; who it is, its own authority says. */
const greets = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });

/** A label is followed by its asterisk or unit. */
const begins = (label: string) => new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);

let browser: Browser;
let folder: string;
let zip: string;
beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'gse-resources-'));
  zip = join(folder, 'chat.zip');
  execFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../examples/chat/package.sh'), [zip, 'Chat', binaryOf('gse-chat')]);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each(kTellings.map((telling) => [nameOf(telling), telling] as const))('%s', (_, telling) => {
  const text = textOf(telling);
  let server: RealServer;
  let visitor: Visitor;
  let page: Page;
  let fleetId = '';
  const call: Visitor['call'] = (action, input) => visitor.call(action, input);

  beforeAll(async () => {
    server = await startReal({ ...telling, settings: kSettings });
    visitor = await signInByLink(browser, server, telling, kLongMs);
    page = visitor.page;
  });
  afterAll(async () => {
    await visitor?.context.close();
    await server?.close();
  });

  const dialog = () => page.getByRole('dialog');
  const field = (label: string, at: Page | Locator = dialog()) => at.getByLabel(begins(label)).first();
  const press = (name: string, at: Page | Locator = page) => at.getByRole('button', { name, exact: true }).first().click();
  const go = async (path: string) => {
    await page.goto(`${server.url}/console/#${path}`);
    await page.locator('#main h1').waitFor();
  };
  const row = (words: string) => page.locator('tbody tr').filter({ hasText: words }).first();
  const create = (name: string) => press(name, page.locator('.page-actions'));
  async function confirmed(name: string): Promise<void> {
    await press(name, dialog());
    await dialog().waitFor({ state: 'detached' });
  }
  const quiet = () => expect(visitor.complaints).toEqual([]);

  it('an asset: uploaded, renamed, tagged', async () => {
    await go('/assets');
    await create(text.asset.create);
    await field(text.common.name).fill('first');
    await field(text.asset.version).fill('v1');
    await dialog().locator('input[type=file]').setInputFiles(zip);
    await confirmed(text.common.ok);
    await row('first').getByText(text.status.UPLOADED).waitFor();
    await press(text.common.modify, row('asset-'));
    await field(text.common.name).fill('renamed');
    await confirmed(text.common.ok);
    await press(text.common.tags, row('renamed'));
    await press(text.common.addTag, dialog());
    await dialog().getByLabel(text.common.tagKey).fill('stage');
    await dialog().getByLabel(text.common.tagValue).fill('test');
    await confirmed(text.common.ok);
    await row('renamed').getByText('stage: test').waitFor();
    quiet();
  });

  it('a fleet: made with all its sections, modified, scaled, with rule and timer', async () => {
    const { Assets } = await call('DescribeAssets', { AssetRegion: 'ap-shanghai', Offset: 0, Limit: 20 });
    await go(`/fleets/new?asset=${Assets[0]!.AssetId}`);
    const form = page.locator('form.form-page');
    await field(text.common.name, form).fill('arena');
    await form.getByLabel(text.fleet.diskType).first().selectOption('CLOUD_SSD');
    await form.getByLabel(text.fleet.diskSize).first().fill('99');
    await form.getByText(text.fleet.diskRange).waitFor();
    await form.getByLabel(text.fleet.diskSize).first().fill('120');
    await press(text.fleet.addDisk, form);
    await form.getByLabel(text.common.yes).check();
    await form.getByText(text.fleet.ccnBoth).waitFor();
    await field(text.fleet.ccnAccount, form).fill('100000000001');
    await field(text.fleet.ccnId, form).fill('ccn-12345678');
    await field(text.fleet.perCreator, form).fill('5');
    await field(text.fleet.period, form).fill('10');
    await shootPage(page, `real-fleet-form-${telling.theme}`);
    expect(await findings(page)).toEqual([]);
    await press(text.fleet.create, form);
    await page.waitForURL(/#\/fleets\/fleet-[^/]+\/events/);
    fleetId = /fleet-[^/]+/.exec(page.url().split('#/fleets/')[1]!)![0];
    const made = (await call('DescribeFleetAttributes', { FleetIds: [fleetId] })).FleetAttributes[0]!;
    expect(made.SystemDiskInfo).toEqual({ DiskType: 'CLOUD_SSD', DiskSize: 120 });
    expect(made.DataDiskInfo).toEqual([{ DiskType: 'CLOUD_PREMIUM', DiskSize: 100 }]);
    expect(made.RelatedCcnInfos[0]?.CcnId).toBe('ccn-12345678');

    await go(`/fleets/${fleetId}/basic`);
    await press(text.common.modify);
    await field(text.common.name).fill('arena-1');
    await field(text.common.description).fill('changed by hand');
    await confirmed(text.common.ok);
    await page.getByRole('heading', { name: 'arena-1', level: 1 }).waitFor();
    await press(text.fleet.ccnDetach);
    await confirmed(text.fleet.ccnDetach);
    await page.getByRole('button', { name: text.fleet.ccnAttach }).waitFor();

    await page.locator('.page-head').getByText(text.status.ACTIVE).waitFor({ timeout: kLongMs });
    await go(`/fleets/${fleetId}/scaling`);
    await press(text.common.modify);
    await field(text.scaling.max).fill('3');
    await field(text.scaling.buffer).fill('30');
    await field(text.scaling.free).fill('2');
    await confirmed(text.common.ok);
    await page.getByText('0 – 3').waitFor();
    await page.getByText(text.scaling.bufferValue(30, 2, true)).waitFor();
    expect((await call('DescribeScalingPolicies', { FleetId: fleetId })).ScalingPolicies[0]!.TargetConfiguration).toEqual({ TargetValue: 30, MinimumFreeSessions: 2, KeepOne: true });
    await press(text.scaling.addRule);
    await field(text.common.name).fill('more');
    await confirmed(text.common.ok);
    await row('more').waitFor();
    await press(text.timer.add);
    await field(text.common.name).fill('evening');
    await confirmed(text.common.ok);
    await press(text.common.modify, row('evening'));
    await field(text.scaling.max).fill('2');
    await confirmed(text.common.ok);
    await row('evening').getByText(text.timer.setsValue(0, 2, 1)).waitFor();
    await shootPage(page, `real-scaling-${telling.theme}`);
    await press(text.common.delete, row('evening'));
    await confirmed(text.common.delete);
    await press(text.common.delete, row('more'));
    await confirmed(text.common.delete);
    await page.getByText(text.scaling.noRules).waitFor();
    quiet();
  });

  it('its launch configuration and its ports', async () => {
    await go(`/fleets/${fleetId}/processes`);
    await press(text.common.modify);
    await field(text.process.parameters).fill('--title Arena');
    await confirmed(text.common.ok);
    await row('--title Arena').waitFor();
    await go(`/fleets/${fleetId}/ports`);
    await press(text.common.modify);
    await press(text.port.add, dialog());
    await dialog().getByLabel(text.port.from).last().fill('2000');
    await dialog().getByLabel(text.port.to).last().fill('3000');
    await dialog().getByLabel(text.port.protocol).last().selectOption('UDP');
    await confirmed(text.common.ok);
    await row('2000').getByText('UDP').waitFor();
    quiet();
  });

  it('a session: made, joined, ended; an instance: weighed and kept', async () => {
    await go(`/fleets/${fleetId}/sessions`);
    await press(text.session.create);
    await field(text.common.name).fill('by hand');
    await confirmed(text.common.ok);
    await row('by hand').getByText(text.status.ACTIVE, { exact: true }).waitFor();
    await press(text.common.modify, row('by hand'));
    await field(text.session.maxPlayers).fill('9');
    await confirmed(text.common.ok);
    await row('by hand').getByText('0/9').waitFor();
    await press(text.session.join, row('by hand'));
    await press(text.session.join, dialog());
    await dialog().getByText('PlayerSessionId').waitFor();
    await dialog().getByRole('button', { name: text.common.close }).last().click();
    await page.locator('input[type=search]').fill('hasAvailablePlayerSessions=maybe');
    await page.getByText(text.session.filterWrong(28)).waitFor();
    await page.locator('input[type=search]').fill("gameServerSessionName='by hand' AND maximumSessions>=8");
    await press(text.common.search);
    await row('by hand').waitFor();
    await press(text.session.end, row('by hand'));
    await dialog().getByText(text.session.endAffects(1)).waitFor();
    await confirmed(text.session.end);

    await go(`/fleets/${fleetId}/instances`);
    await press(text.instance.weight, row('ins-'));
    await dialog().locator('input[type=number]').fill('11');
    await dialog().getByText(text.instance.weightRange).waitFor();
    await dialog().locator('input[type=number]').fill('7');
    await confirmed(text.common.ok);
    await expect.poll(async () => (await call('DescribeInstances', { FleetId: fleetId, Limit: 10 })).Instances[0]?.Weight).toBe(7);
    await press(text.instance.reserve, row('ins-'));
    await confirmed(text.instance.reserve);
    await row('ins-').getByText(text.instance.reserved).waitFor();
    await press(text.instance.release, row('ins-'));
    await confirmed(text.instance.release);
    quiet();
  });

  it('the fleet runs empty until it is taken back', async () => {
    const { GameServerSession } = await call('CreateGameServerSession', { FleetId: fleetId, MaximumPlayerSessionCount: 2 });
    await expect.poll(async () => (await call('DescribeGameServerSessions', { GameServerSessionId: GameServerSession.GameServerSessionId })).GameServerSessions[0]?.Status, { timeout: kLongMs }).toBe('ACTIVE');
    await go(`/fleets/${fleetId}`);
    await press(text.drain.drain);
    await dialog().getByText(text.drain.affects(1, 0)).waitFor();
    await dialog().getByLabel(text.drain.denyJoins).check();
    await field(text.drain.deadline).fill('60');
    await dialog().getByText(text.drain.deadlineAffects(60)).waitFor();
    await shootPage(page, `real-drain-form-${telling.theme}`);
    expect(await findings(page)).toEqual([]);
    await confirmed(text.drain.drain);
    const card = page.getByRole('region', { name: text.status.DRAINING });
    await card.getByText(text.drain.joinsDenied).waitFor();
    await card.locator('tbody tr').getByText(text.status.STAYING).waitFor();
    await shootPage(page, `real-draining-${telling.theme}`);
    expect(await findings(page)).toEqual([]);
    const { FleetDrain } = await call('DescribeFleetDrain', { FleetId: fleetId });
    expect(FleetDrain).toMatchObject({ Status: 'DRAINING', DenyJoins: true, DeleteWhenEmpty: false, GameServerSessionCount: 1 });
    expect(FleetDrain.DeadlineTime).toBe(FleetDrain.LatestTime);
    expect((await call('CreateGameServerSession', { FleetId: fleetId, MaximumPlayerSessionCount: 2 })).Error).toBeDefined();
    await go('/fleets');
    await row('arena-1').getByText(text.status.DRAINING).waitFor();

    await go(`/fleets/${fleetId}`);
    await press(text.drain.undrain);
    await confirmed(text.drain.undrain);
    await card.waitFor({ state: 'detached' });
    expect((await call('DescribeFleetDrain', { FleetId: fleetId })).FleetDrain.Status).toBe('NONE');
    await call('EndGameServerSessionAndProcess', { GameServerSessionId: GameServerSession.GameServerSessionId });
    quiet();
  });

  it('the host of gse dev is cordoned and opened; a token for another one is made and deleted', async () => {
    await go('/hosts');
    const host = row(text.host.inside);
    await host.getByText(text.status.CONNECTED).waitFor();
    await press(text.host.cordon, host);
    await confirmed(text.host.cordon);
    await host.getByText(text.status.CORDONED).waitFor();
    await press(text.host.uncordon, host);
    await confirmed(text.host.uncordon);
    await host.getByText(text.status.CORDONED).waitFor({ state: 'detached' });
    await shootPage(page, `real-hosts-${telling.theme}`);
    expect(await findings(page)).toEqual([]);
    await create(text.host.add);
    await field(text.common.description).fill('rack 9');
    await press(text.common.ok, dialog());
    const commands = dialog().getByRole('region', { name: text.host.commands });
    await commands.waitFor();
    await expect.poll(() => commands.textContent()).toMatch(/gse agent --join 127\.0\.0\.1:\d+ --token-file host.token --data \/var\/lib\/gse-agent --capacity 8/);
    const join = /--join 127\.0\.0\.1:(\d+)/.exec((await commands.textContent()) ?? '')!;
    expect(await greets(Number(join[1])), 'somebody speaks TLS there').toBe(true);
    const { HostTokens } = await call('ListHostTokens', {});
    expect(HostTokens.map((one) => one.Description)).toEqual(['rack 9']);
    await expect.poll(() => commands.textContent()).toContain(HostTokens[0]!.TokenId);
    await shootPage(page, `real-host-token-${telling.theme}`);
    await confirmed(text.host.kept);
    await press(text.common.delete, row('rack 9'));
    await confirmed(text.common.delete);
    await page.getByText(text.host.noTokens, { exact: true }).waitFor();
    quiet();
  });

  it('an alias and a queue with its latency policy; a refusal is explained', async () => {
    await go('/aliases');
    await create(text.alias.create);
    await field(text.common.name).fill('lobby');
    await dialog().locator('select').selectOption(fleetId);
    await confirmed(text.common.ok);
    await press(text.common.modify, row('lobby'));
    await field(text.common.description).fill('where players go');
    await confirmed(text.common.ok);
    await row('where players go').waitFor();

    await go('/queues');
    await create(text.queue.create);
    await field(text.queue.identifier).fill('ranked');
    await press(text.queue.addPolicy, dialog());
    await dialog().getByLabel(text.queue.forSeconds).first().fill('30');
    await press(text.queue.addPolicy, dialog());
    await dialog().getByLabel(text.queue.maxLatency).last().fill('20');
    await dialog().getByText(text.queue.latencyRule).waitFor();
    await dialog().getByLabel(text.queue.maxLatency).last().fill('150');
    const targets = dialog().getByLabel(text.queue.addTarget);
    await targets.locator('option').filter({ hasText: 'lobby' }).waitFor({ state: 'attached' });
    await targets.selectOption({ index: 1 });
    await shootPage(page, `real-queue-form-${telling.theme}`);
    expect(await findings(page)).toEqual([]);
    await confirmed(text.common.ok);
    await press(text.common.modify, row('ranked'));
    await field(text.queue.timeout).fill('60');
    await confirmed(text.common.ok);
    await row('ranked').getByText(text.process.seconds(60)).waitFor();
    const { GameServerSessionQueues } = await call('DescribeGameServerSessionQueues', {});
    expect(GameServerSessionQueues[0]!.PlayerLatencyPolicies.map((one) => one.MaximumIndividualPlayerLatencyMilliseconds)).toEqual([50, 150]);

    await go('/fleets');
    await press(text.common.delete, row('arena-1'));
    await dialog().getByText(text.fleet.relatedAliases).waitFor();
    await dialog().getByRole('link', { name: /^alias-/ }).waitFor();
    await press(text.common.delete, dialog());
    const why = dialog().getByRole('alert');
    await why.waitFor();
    await expect.poll(() => why.textContent()).toMatch(new RegExp(`${text.errors.ResourceInUse.title}.*${text.errors.ResourceInUse.advice}.*ResourceInUse.*[0-9a-f]{8}-`, 's'));
    await shootPage(page, `real-refused-${telling.theme}`);
    await press(text.common.cancel, dialog());
    quiet();
  });

  it('a placement and its why, metrics of all three kinds, a call of the explorer', async () => {
    await go('/placements?queue=ranked');
    await dialog().getByLabel(text.placement.players).fill('ann bob');
    await confirmed(text.common.ok);
    await page.getByText(text.status.FULFILLED, { exact: true }).first().waitFor();
    await page.getByText(text.placement.reasons.CHOSEN, { exact: true }).waitFor();
    await shootPage(page, `real-placement-${telling.theme}`);

    for (const [type, metric] of [
      ['FLEET', text.monitoring.metrics.ActiveInstances],
      ['QUEUE', text.monitoring.metrics.PlacementsSucceeded],
      ['INSTANCE', text.monitoring.metrics.CpuUsage],
    ] as const) {
      await go(`/monitoring?type=${type}`);
      await page.getByRole('heading', { name: metric, exact: true }).waitFor();
      await shootPage(page, `real-monitoring-${type.toLowerCase()}-${telling.theme}`);
      expect(await findings(page)).toEqual([]);
    }

    await go('/explorer/DescribeFleetUtilization');
    await press(text.explorer.send);
    await page.getByText(text.explorer.problems.required).waitFor();
    await press(text.explorer.addItem);
    await page.locator('.nested-row input').fill(fleetId);
    await press(text.explorer.send);
    await page.locator('pre').getByText('CurrentPlayerSessionCount').waitFor();
    quiet();
  });

  it('a key: made, rotated, disabled, deleted', async () => {
    await go('/keys');
    await create(text.key.create);
    await field(text.common.description).fill('ci');
    await press(text.common.ok, dialog());
    await dialog().getByText('SecretKey').waitFor();
    await confirmed(text.key.kept);
    await press(text.key.rotate, row('ci'));
    await press(text.common.ok, dialog());
    await confirmed(text.key.kept);
    await expect.poll(() => page.locator('tbody tr').filter({ hasText: 'ci' }).count()).toBe(2);
    await press(text.key.disable, row('ci'));
    await confirmed(text.key.disable);
    await row(text.status.DISABLED).waitFor();
    await press(text.common.delete, row(text.status.DISABLED));
    await confirmed(text.common.delete);
    await expect.poll(() => page.locator('tbody tr').filter({ hasText: 'ci' }).count()).toBe(1);
    quiet();
  });

  it('and all of it goes again', async () => {
    await go('/queues');
    await press(text.common.delete, row('ranked'));
    await confirmed(text.common.delete);
    await page.getByText(text.queue.none).waitFor();
    await go('/aliases');
    await press(text.common.delete, row('lobby'));
    await confirmed(text.common.delete);
    await page.getByText(text.alias.none).waitFor();
    for (const { GameServerSessionId } of (await call('DescribeGameServerSessions', { FleetId: fleetId, StatusFilter: 'ACTIVE' })).GameServerSessions)
      await call('EndGameServerSessionAndProcess', { GameServerSessionId });
    await go('/fleets');
    await press(text.common.copyVerb, row('arena-1'));
    await field(text.common.name).fill('arena-copy');
    await confirmed(text.common.ok);
    await row('arena-copy').waitFor();
    for (const name of ['arena-copy', 'arena-1']) {
      await press(text.common.delete, row(name));
      await confirmed(text.common.delete);
    }
    await page.getByText(text.fleet.none).waitFor();
    await go('/assets');
    await press(text.common.delete, row('renamed'));
    await confirmed(text.common.delete);
    await page.getByText(text.asset.none).waitFor();
    quiet();
  });
});
