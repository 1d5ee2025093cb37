import { useEffect, useRef } from 'react';

const kSigns = ['pointerdown', 'keydown', 'wheel'] as const;

/** Calls back when nobody has touched the page for `seconds`: a page that only watches events is idle too. */
export function useIdle(seconds: number, onIdle: () => void): void {
  const callback = useRef(onIdle);
  useEffect(() => {
    callback.current = onIdle;
  });
  useEffect(() => {
    if (seconds <= 0) return;
    let last = Date.now();
    const touched = () => {
      last = Date.now();
    };
    for (const sign of kSigns) window.addEventListener(sign, touched, { passive: true });
    const timer = setInterval(() => Date.now() - last > seconds * 1000 && callback.current(), 5000);
    return () => {
      clearInterval(timer);
      for (const sign of kSigns) window.removeEventListener(sign, touched);
    };
  }, [seconds]);
}
