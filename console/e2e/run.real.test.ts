import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { launch, watch } from './browser';
import { binaryOf } from './real-site';

// What a newcomer sees who types `./dev run`: its link, and four clicks to a chat. The console is the one in the binary.
const kPatienceMs = 60_000;
const kLines = 40;

let browser: Browser;
let folder: string;
let program: ChildProcess;
let link = '';

beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'gse-run-'));
  program = spawn(binaryOf('gse-demo'), ['--stay', '--any-port', '--data', folder], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } });
  await new Promise<void>((resolve, reject) => {
    const said: string[] = [];
    program.once('exit', (status) => reject(new Error(`it ended with ${status}:\n${said.slice(-kLines).join('\n')}`)));
    createInterface({ input: program.stdout! }).on('line', (line) => {
      said.push(line);
      link ||= /console\s+(http:\S+\/console\/#\/link\/\S+)/.exec(line)?.[1] ?? '';
      if (line.includes('Ctrl-C ends it')) resolve();
    });
  });
}, kPatienceMs);
afterAll(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => program.once('exit', resolve));
  if (program.exitCode === null && program.kill('SIGINT')) await ended;
  await rm(folder, { recursive: true, force: true });
});

it('prints a link from which four clicks lead to two tabs that talk', async () => {
  expect(link).not.toBe('');
  const context = await browser.newContext({ locale: 'en-US' });
  context.setDefaultTimeout(kPatienceMs);
  const complaints = watch(context);
  const page = await context.newPage();
  await page.goto(link);

  let clicks = 0;
  const click = (one: ReturnType<Page['locator']>) => ((clicks += 1), one.click());
  const openChat = async (player: number) => {
    const popup = context.waitForEvent('page');
    await click(page.getByRole('button', { name: en.start.open(player) }));
    const chat = await popup;
    await chat.locator('#stream').waitFor();
    await page.bringToFront();
    return chat;
  };
  await click(page.locator('.menu').getByRole('link', { name: en.menu.start }));
  await click(page.getByRole('button', { name: en.start.all }));
  const chats = [await openChat(1), await openChat(2)];
  expect(clicks).toBe(4);
  for (const chat of chats) await chat.locator('#state[data-state=on]').waitFor();
  await chats[0]!.locator('#text').fill('four clicks');
  await chats[0]!.locator('#text').press('Enter');
  await chats[1]!.locator('#stream').getByText('four clicks').waitFor();
  expect(complaints).toEqual([]);
});
