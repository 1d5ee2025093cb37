import { describe, expect, it } from 'vitest';
import { code, kLanguages, shell } from './code';
import { model } from './model';
import { compact, validate } from './validate';

const check = (action: string, values: Parameters<typeof compact>[0]) => validate(model, model.actions[action]!, compact(values)).map(({ path, kind }) => `${path} ${kind}`);

describe('the form knows what the server would refuse', () => {
  it.each([
    ['DeleteAlias', {}, ['AliasId required']],
    ['DeleteAlias', { AliasId: 'alias-1' }, []],
    ['CreateGameServerSession', { MaximumPlayerSessionCount: 2 }, ['FleetId | AliasId one-of']],
    ['CreateGameServerSession', { MaximumPlayerSessionCount: 'two', FleetId: 'f' }, ['MaximumPlayerSessionCount number']],
    ['SetServerWeight', { FleetId: 'f', InstanceId: 'i', Weight: 11 }, ['Weight range']],
    ['CreateAlias', { Name: 'a', RoutingStrategy: { Type: 'NONE' } }, ['RoutingStrategy.Type enum']],
  ])('%s %j', (action, values, problems) => expect(check(action, values)).toEqual(problems));
  it('what was left empty is not sent', () => expect(compact({ a: '', b: null, c: {}, d: [], e: { f: '' }, g: 0, h: false })).toEqual({ g: 0, h: false }));
});

describe('the same call as a program', () => {
  const request = { action: 'DescribeAlias', region: 'ap-shanghai', endpoint: 'http://127.0.0.1:8080', version: '2019-11-12', extension: false, values: { AliasId: "it's" } };
  it.each(kLanguages)('%s names the action and the region', (language) => {
    const text = code(language, request);
    expect(text).toContain('DescribeAlias');
    expect(text).toContain('ap-shanghai');
  });
  it('quotes for a shell', () => expect(shell("it's")).toBe(`'it'\\''s'`));
});
