import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { follow } from '../api/events';
import type { Session } from '../api/types';
import { useText } from '../i18n';
import { Note } from '../ui/Bits';
import { ConsoleContext } from './console';
import { Menu } from './Menu';
import { remember, remembered } from './preferences';
import { Routes } from './Routes';
import { TopBar } from './TopBar';
import { useIdle } from './idle';

function firstRegion(session: Session): string {
  const kept = remembered('region');
  return session.Regions.some((one) => one.Region === kept) && kept ? kept : session.DefaultRegion;
}

export function Shell({ session, onLeave }: { session: Session; onLeave: (idle: boolean) => void }) {
  const text = useText();
  const client = useQueryClient();
  const [region, setRegion] = useState(() => firstRegion(session));
  const [live, setLive] = useState(false);
  const placed = useRef(0);
  const [menuOpen, setMenuOpen] = useState(false);

  useEffect(
    () =>
      follow(client, region, setLive, (kind, data) => {
        if (kind === 'game-server-session' && data.FromStatus === undefined) placed.current += 1;
      }),
    [client, region],
  );
  useIdle(session.IdleSeconds, () => onLeave(true));

  const value = useMemo(
    () => ({
      session,
      region,
      live,
      placed,
      signOut: () => onLeave(false),
      setRegion: (next: string) => {
        remember('region', next);
        setRegion(next);
      },
    }),
    [session, region, live, onLeave],
  );
  return (
    <ConsoleContext.Provider value={value}>
      <a className="skip" href="#main" onClick={(event) => skip(event)}>
        {text.shell.skip}
      </a>
      <TopBar onMenu={() => setMenuOpen((open) => !open)} menuOpen={menuOpen} />
      <div className={menuOpen ? 'shell shell-menu' : 'shell'}>
        <Menu onGo={() => setMenuOpen(false)} />
        <div className="content">
          {session.ReadOnly && <Note>{text.shell.readOnly}</Note>}
          <Routes />
        </div>
      </div>
    </ConsoleContext.Provider>
  );
}

/** The address is the router's: the focus moves without it. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main h1')?.focus();
}
