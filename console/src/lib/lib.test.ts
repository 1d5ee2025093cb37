import { describe, expect, it } from 'vitest';
import { parseArn, formatArn } from './arn';
import { instancesFor, judge, type Load } from './carry';
import { emptyIn, record, type Sample, secondsLeft } from './drain';
import { checkFilter } from './filter';
import { bytes, csv, duration } from './format';
import { linesOf, regionOf, shown } from './metrics';
import { fromInput, localOffset, offsetOf, timerTimes, toInput } from './offset-time';
import { flatten, pagesInSight } from './pages';
import { push } from './ring';
import { inOrder, nextSorting } from './sorting';

const load = (change: Partial<Load>): Load => ({ status: 'ACTIVE', draining: false, sessions: 0, activeInstances: 1, desiredInstances: 1, maxInstances: 1, perInstance: 10, buffer: null, automatic: true, ...change });

describe('whether the new fleet could carry the load', () => {
  it.each([
    ['a fleet that is not active takes nothing', load({ sessions: 1 }), load({ status: 'ERROR' }), { kind: 'not-active' }],
    ['a fleet that runs empty takes nothing', load({ sessions: 1 }), load({ draining: true }), { kind: 'draining' }],
    ['a fleet without processes takes nothing', load({}), load({ perInstance: 0 }), { kind: 'no-processes' }],
    ['ten sessions fit into ten processes', load({ sessions: 10 }), load({}), { kind: 'ready' }],
    ['eleven do not', load({ sessions: 11 }), load({}), { kind: 'short', instances: 2, free: 10, needed: 11 }],
    ['a buffer grows it within its maximum', load({ sessions: 15 }), load({ buffer: 30, maxInstances: 5 }), { kind: 'grows', instances: 3 }],
    ['a buffer cannot grow it beyond its maximum', load({ sessions: 15 }), load({ buffer: 30, maxInstances: 2 }), { kind: 'short', instances: 3, free: 10, needed: 15 }],
    ['a fleet adjusted by hand does not grow', load({ sessions: 15 }), load({ buffer: 30, maxInstances: 5, automatic: false }), { kind: 'short', instances: 3, free: 10, needed: 15 }],
    ['its own sessions count too', load({ sessions: 8 }), load({ sessions: 5 }), { kind: 'short', instances: 2, free: 5, needed: 8 }],
  ])('%s', (_, from, to, verdict) => expect(judge(from, to)).toEqual(verdict));
  it('counts at least one instance', () => expect(instancesFor(0, 10, 30)).toBe(1));
});

describe('a time of a timer', () => {
  it.each([
    ['2020-10-01T07:38:00.000+08:00', 480, '2020-10-01T07:38'],
    ['2020-09-30T23:38:00.000Z', 0, '2020-09-30T23:38'],
    ['2020-10-01 07:38:00', 0, undefined],
    ['2020-10-01T07:38:00-03:30', -210, '2020-10-01T07:38'],
  ])('%s keeps its clock', (time, offset, input) => {
    expect(offsetOf(time)).toBe(offset);
    if (!input) return;
    expect(toInput(new Date(time), offset)).toBe(input);
    expect(new Date(fromInput(input, offset))).toEqual(new Date(time));
  });
  it('is sent with its offset, so that its days are the days that were chosen', () => {
    expect(fromInput('2020-10-01T07:38', 480)).toBe('2020-10-01T07:38:00+08:00');
    expect(fromInput('2020-10-01T07:38:09', -210)).toBe('2020-10-01T07:38:09-03:30');
    expect(fromInput('2020-10-01T07:38', 0)).toBe('2020-10-01T07:38:00+00:00');
  });
  it('that does not end within four digits still fits the field', () => expect(toInput(new Date('9999-12-31T23:59:59Z'), 480)).toBe('9999-12-31T23:59'));
  it('names its clock where it is another one', () => {
    expect(timerTimes('2020-10-01T07:38:00.000+13:45', '2020-10-31T18:00:00.000Z')).toBe('2020-10-01 07:38 – 2020-11-01 07:45 UTC+13:45');
    const noon = new Date('2020-10-01T12:00:00Z');
    expect(timerTimes(fromInput(toInput(noon, localOffset(noon)), localOffset(noon)), null)).toMatch(/^2020-\d\d-\d\d \d\d:\d\d$/);
    expect(timerTimes(null, null)).toBe('–');
  });
});

describe('a list in the order of a column', () => {
  const rows: [string, number | string | null][] = [['a', 2], ['b', null], ['c', 10], ['d', 2]];
  const names = (down: boolean) => inOrder(rows, ([, value]) => value, down).rows.map(([name]) => name).join('');
  it('keeps equal rows as they were, and what is not known at the end', () => {
    expect(names(false)).toBe('adcb');
    expect(names(true)).toBe('cadb');
    expect(inOrder(rows, ([, value]) => value, true).places).toEqual([2, 0, 3, 1]);
  });
  it('takes numbers in texts for numbers', () => expect(inOrder(['ins-10', 'ins-9'], (row) => row, false).rows).toEqual(['ins-9', 'ins-10']));
  it('goes up, down, and back to the order of the server', () => {
    const up = nextSorting(null, 'cpu');
    const down = nextSorting(up, 'cpu');
    expect([up, down, nextSorting(down, 'cpu'), nextSorting(down, 'id')]).toEqual([{ key: 'cpu', down: false }, { key: 'cpu', down: true }, null, { key: 'id', down: false }]);
  });
});

describe('when the old fleet will be empty', () => {
  const line = (...sessions: number[]): Sample[] => sessions.map((count, index) => ({ time: index * 1000, sessions: count }));
  it.each([
    ['nothing is known without samples', [], null],
    ['nothing has ended yet', line(5, 5, 5), null],
    ['half in ten seconds leaves ten', [{ time: 0, sessions: 10 }, { time: 10_000, sessions: 5 }], 10],
    ['empty is empty', line(2, 1, 0), 0],
    ['the pace counts from the peak', line(1, 9, 8, 7), 7],
  ])('%s', (_, samples, left) => expect(secondsLeft(samples)).toBe(left));
  const now = Date.parse('2030-01-01T00:00:00Z');
  const past = (change: object) => ({ EstimatedTime: null, EstimatedTimeP90: null, LatestTime: null, ...change });
  it.each([
    ['the server knows better', past({ EstimatedTime: '2030-01-01T00:01:00Z', EstimatedTimeP90: '2030-01-01T00:05:00Z' }), 7, { likely: 60, p90: 300, latest: null, byPace: false }],
    ['the pace stands in', past({}), 7, { likely: 7, p90: null, latest: null, byPace: true }],
    ['a deadline is known without past sessions', past({ LatestTime: '2030-01-01T01:00:00Z' }), null, { likely: null, p90: null, latest: 3600, byPace: false }],
    ['no pace outlasts a deadline', past({ LatestTime: '2030-01-01T00:00:05Z' }), 7, { likely: 5, p90: null, latest: 5, byPace: true }],
    ['what is overdue is due now', past({ EstimatedTime: '2029-12-31T23:59:00Z' }), null, { likely: 0, p90: null, latest: null, byPace: false }],
    ['an older server says nothing', undefined, 7, { likely: 7, p90: null, latest: null, byPace: true }],
  ])('%s', (_, drain, pace, empty) => expect(emptyIn(drain, now, pace)).toEqual(empty));
  it('keeps only the ends of a flat stretch', () => {
    let samples: Sample[] = [];
    for (const one of line(3, 3, 3, 3, 2)) samples = record(samples, one);
    expect(samples.map((one) => one.time)).toEqual([0, 3000, 4000]);
  });
});

describe('the filter language', () => {
  it.each([
    ['', null],
    ["gameServerSessionName='a b' AND maximumSessions>=10", null],
    ['(maximumSessions>=10 OR playerSessionCount=0) OR NOT (creationTimeMillis>1575518668000)', null],
    ["gameServerSessionProperties.game-mode='duel'", null],
    ['maximumSessions', 15],
    ['maximumSessions=ten', 16],
    ['unknown=1', 0],
    ['gameServerSessionName>1', 21],
    ['(maximumSessions=1', 18],
    ['maximumSessions=1 )', 17],
    ['hasAvailablePlayerSessions=maybe', 27],
  ])('%s', (text, at) => expect(checkFilter(text)).toBe(at));
});

describe('small things', () => {
  it('durations', () => expect([duration(5), duration(65), duration(3661), duration(90_061)]).toEqual(['5s', '1m 05s', '1h 01m 01s', '1d 01h 01m 01s']));
  it('sizes', () => expect([bytes(3082024), bytes(12)]).toEqual(['2.9 MB', '12 B']));
  it.each([
    ['a comma', 'a,b', '"a,b"'],
    ['quotes', 'say "x"', '"say ""x"""'],
    ['lines', 'a\nb', '"a\nb"'],
    ['formulas', '=1+1', "'=1+1"],
    ['formulas behind a tab', '\t=1', "'\t=1"],
    ['formulas behind a line', '\n@x', `"'\n@x"`],
    ['a number', -5, '-5'],
    ['other words', '别名', '别名'],
  ])('a sheet and %s', (_, cell, text) => expect(csv([[cell]])).toBe(`${text}\r\n`));
  it('sheets run no formula', () => expect(csv([['=1+1', 'a,"b"', 2]])).toBe(`'=1+1,"a,""b""",2\r\n`));
  it('a ring forgets the oldest', () => expect(push([1, 2, 3], 4, 3)).toEqual([2, 3, 4]));
  it('an ARN there and back', () => {
    const text = 'qcs::gse:ap-shanghai:uin/1:fleet/fleet-a-b';
    expect(formatArn(parseArn(text)!)).toBe(text);
    expect(parseArn('fleet-a-b')).toBeNull();
  });
});

describe('endless lists', () => {
  it('a page that was read again may reach into the next one', () => expect(flatten([['a', 'b', 'c'], ['c', 'd']], (one) => one)).toEqual(['a', 'b', 'c', 'd']));
  it.each([
    ['the first rows', 0, 20, 3, { first: 0, last: 0 }],
    ['where two pages meet', 90, 110, 3, { first: 0, last: 1 }],
    ['below the end', 290, 340, 3, { first: 2, last: 2 }],
    ['before anything is read', 0, 20, 1, { first: 0, last: 0 }],
  ])('%s', (_, from, until, count, sight) => expect(pagesInSight(from, until, 100, count)).toEqual(sight));
});

describe('metrics', () => {
  const series = (MetricName: string, Values: (number | null)[], Latest: number | null, Statistic = 'Average') => ({ ResourceId: 'f', MetricName, Unit: 'Count', Statistic, Values, Latest });
  const answer = (Metrics: ReturnType<typeof series>[], Timestamps = [60_000, 120_000]) => ({ Period: 60, Time: new Date(150_000).toISOString(), Timestamps, Metrics, RequestId: '' });
  it('how things are now is the last point of a gauge', () =>
    expect(linesOf(answer([series('ActiveInstances', [1, null], 2)]), undefined)[0]?.points).toEqual([[60_000, 1], [120_000, null], [150_000, 2]]));
  it('what counts events has none between samples', () =>
    expect(linesOf(answer([series('ServerProcessActivations', [1, 4], 2, 'Sum')]), undefined)[0]).toMatchObject({ points: [[60_000, 1], [120_000, 4]], latest: 2 }));
  it('a later reading of now wins', () => {
    const now = { ...answer([series('ActiveInstances', [], 9)], []), Time: new Date(160_000).toISOString() };
    expect(linesOf(answer([series('ActiveInstances', [1, 1], 2)]), now)[0]?.points.at(-1)).toEqual([160_000, 9]);
  });
  it('regions without placements are left out', () =>
    expect(linesOf(answer([series('PlacementIn-ap-tokyo', [0, null], 0), series('PlacementIn-ap-seoul', [0, 1], 0)]), undefined).map((one) => one.name)).toEqual(['PlacementIn-ap-seoul']));
  it('names', () => expect([regionOf('PlacementIn-ap-seoul'), regionOf('QueueDepth'), shown(1.2345), shown(null)]).toEqual(['ap-seoul', null, '1.23', '–']));
});
