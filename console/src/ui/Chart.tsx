import type { ECharts } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { usePreferences } from '../app/preferences';

export interface Series {
  name: string;
  /** Times in milliseconds; null is a gap. */
  points: readonly (readonly [number, number | null])[];
}

interface Props {
  label: string;
  series: Series[];
  height?: number;
  unit?: string;
  mark?: { time: number; label: string };
}

const kFew = 3;
const kColours = ['#0052d9', '#2ba471', '#e37318', '#d54941', '#8e56dd', '#00838f'];

/** Lines over time. The drawing library is fetched with the first chart. */
export function Chart({ label, series, height = 220, unit, mark }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts | null>(null);
  const { theme } = usePreferences();

  useEffect(() => {
    let made: ECharts | null = null;
    let gone = false;
    const element = box.current;
    const resized = new ResizeObserver(() => made?.resize());
    void import('./chart-engine').then(({ init }) => {
      if (gone || !element) return;
      made = init(element);
      resized.observe(element);
      setChart(made);
    });
    return () => {
      gone = true;
      resized.disconnect();
      made?.dispose();
    };
  }, []);

  useEffect(() => {
    if (!chart) return;
    const style = getComputedStyle(document.documentElement);
    const quiet = style.getPropertyValue('--td-text-color-placeholder').trim();
    const line = style.getPropertyValue('--td-component-stroke').trim();
    const ink = style.getPropertyValue('--td-text-color-primary').trim();
    const paper = style.getPropertyValue('--td-bg-color-container').trim();
    chart.setOption(
      {
        animation: false,
        color: kColours,
        grid: { left: 44, right: 16, top: series.length > 1 ? 34 : 14, bottom: 24 },
        legend: series.length > 1 ? { top: 0, textStyle: { color: ink }, icon: 'roundRect', itemHeight: 4 } : { show: false },
        // Drawn on the canvas: markup with style attributes would break the content security policy.
        tooltip: { trigger: 'axis', renderMode: 'richText', backgroundColor: paper, textStyle: { color: ink } },
        xAxis: { type: 'time', axisLabel: { color: quiet, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
        yAxis: {
          type: 'value',
          minInterval: unit === '%' ? 0 : 1,
          axisLabel: { color: quiet, formatter: `{value}${unit ?? ''}` },
          splitLine: { lineStyle: { color: line } },
        },
        series: series.map((one, index) => ({
          type: 'line',
          name: one.name,
          data: one.points,
          // A line needs two points; a lone one between gaps would not be seen.
          showSymbol: one.points.filter(([, value]) => value !== null).length < kFew,
          lineStyle: { width: 2 },
          areaStyle: { opacity: 0.08 },
          ...(index === 0 && mark
            ? {
                markLine: {
                  symbol: 'none',
                  label: { formatter: mark.label, color: ink },
                  lineStyle: { color: quiet, type: 'dashed' },
                  data: [{ xAxis: mark.time }],
                },
              }
            : {}),
        })),
      },
      { notMerge: true },
    );
  }, [chart, series, unit, mark, theme]);

  const said = series.map((one) => `${one.name} ${one.points[one.points.length - 1]?.[1] ?? 0}${unit ?? ''}`).join(', ');
  return <div ref={box} className={height < 180 ? 'chart chart-low' : 'chart'} role="img" aria-label={`${label}: ${said}`} />;
}
