import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { code, type Language } from '../src/explorer/code';
import { model, type Values } from '../src/explorer/model';
import { binaryOf, kKey, type RealServer, startReal } from './real-site';

// The API Explorer's programs, run as they are shown: each makes a fresh alias whose texts are as awkward as texts get.
const kPatienceMs = 60_000;
const kAwkward = `it's "quoted", $HOME \`id\` 50% \\n\\u0041 ${'{'}x} <&> 别名 🎮\nsecond line`;
const kModules = join(dirname(fileURLToPath(import.meta.url)), '../../tests/node/node_modules');
const kFiles: Record<Language, string> = { curl: 'call.sh', CLI: 'call-cli.sh', 'Node.js': 'call.cjs', Python: 'call.py', Go: 'call.go' };
const kProgram: Record<Language, string[]> = { curl: ['bash'], CLI: ['bash'], 'Node.js': [process.execPath], Python: ['python3'], Go: ['go', 'run'] };

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gse-programs-'));
  if (!existsSync(kModules)) throw new Error(`${kModules} is missing: ./dev test installs the vendor's SDK there`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['HTTP', false],
  ['HTTPS', true],
])('over %s', (_, https) => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startReal({ https });
  });
  afterAll(() => server?.close());

  /** What the program prints, read as JSON: with or without the envelope, as its library has it. */
  async function run(language: Language, action: string, values: Values): Promise<Record<string, unknown>> {
    const file = join(folder, kFiles[language]);
    const extension = model.actions[action]!.extension;
    await writeFile(file, code(language, { action, region: 'ap-shanghai', endpoint: server.api, version: model.version, extension, values }));
    const [program = '', ...rest] = kProgram[language];
    const trust = server.authority;
    const printed = await new Promise<string>((resolve, reject) => {
      const env = {
        PATH: `${dirname(binaryOf('gse'))}:${process.env['PATH']}`,
        HOME: folder,
        TENCENTCLOUD_SECRET_ID: kKey.id,
        TENCENTCLOUD_SECRET_KEY: kKey.secret,
        NODE_PATH: kModules,
        // Every program's own word for "trust this certificate".
        ...(trust ? { CURL_CA_BUNDLE: trust, NODE_EXTRA_CA_CERTS: trust, SSL_CERT_FILE: trust, GSE_CA: trust } : {}),
      };
      execFile(program, [...rest, file], { env, timeout: kPatienceMs }, (error, stdout, stderr) => (error ? reject(new Error(`${language}: ${error.message}\n${stderr}\n${stdout}`)) : resolve(stdout)));
    });
    const answer = JSON.parse(printed) as { Response?: Record<string, unknown> };
    return answer.Response ?? (answer as Record<string, unknown>);
  }

  for (const language of ['curl', 'CLI', 'Node.js', 'Python', 'Go'] as const) {
    it.skipIf(language === 'Go' && !has('go'))(`${language} makes an alias, reads it and calls an extension`, { timeout: 3 * kPatienceMs }, async () => {
      const strategy = { Type: 'TERMINAL', Message: kAwkward };
      const made = (await run(language, 'CreateAlias', { Name: `of ${language}`, Description: kAwkward, RoutingStrategy: strategy }))['Alias'] as { AliasId: string };
      const read = (await run(language, 'DescribeAlias', { AliasId: made.AliasId }))['Alias'] as { Name: string; Description: string; RoutingStrategy: { Message: string } };
      expect([read.Name, read.Description, read.RoutingStrategy.Message]).toEqual([`of ${language}`, kAwkward, kAwkward]);
      if (language === 'Go') expect(execFileSync('gofmt', ['-d', join(folder, kFiles.Go)]).toString()).toBe('');
      expect((await run(language, 'DescribeAliasHistory', { AliasId: made.AliasId }))['TotalCount']).toBe(0);
    });
  }
});
