import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';

const kShownMs = 4000;
const kMost = 4;
const ToastContext = createContext<(message: string) => void>(() => {});

/** `toast('Saved')`: shown for a moment, read out by screen readers. */
export function useToast() {
  return useContext(ToastContext);
}

export function Toasts({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<{ id: number; message: string }[]>([]);
  const next = useRef(0);
  const toast = useCallback((message: string) => {
    const id = (next.current += 1);
    setShown((before) => [...before, { id, message }].slice(-kMost));
    setTimeout(() => setShown((before) => before.filter((one) => one.id !== id)), kShownMs);
  }, []);
  return (
    <ToastContext.Provider value={toast}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((one) => (
          <div key={one.id} className="toast">
            {one.message}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}
