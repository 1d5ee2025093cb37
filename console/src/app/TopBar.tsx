import LogoutIcon from 'tdesign-icons-react/esm/components/logout';
import ViewListIcon from 'tdesign-icons-react/esm/components/view-list';
import { useText } from '../i18n';
import { useConsole } from './console';
import { Link } from './router';
import { LanguageButton, ThemeButton } from './Switches';

export function TopBar({ onMenu, menuOpen }: { onMenu: () => void; menuOpen: boolean }) {
  const { session, region, setRegion, live, signOut } = useConsole();
  const text = useText();
  const names: Record<string, string | undefined> = text.regions;
  return (
    <header className="bar">
      <button type="button" className="bar-button bar-menu" aria-label={text.shell.menu} aria-expanded={menuOpen} onClick={onMenu}>
        <ViewListIcon />
      </button>
      <Link to="/" className="brand">
        <img src="/console/favicon.svg" alt="" width={22} height={22} />
        <span>OpenGSE</span>
      </Link>
      <label className="bar-region">
        <span className="unseen">{text.shell.region}</span>
        <select className="select" value={region} onChange={(event) => setRegion(event.target.value)}>
          {session.Regions.map((one) => (
            <option key={one.Region} value={one.Region}>
              {one.Name ?? names[one.Region] ?? one.Region} ({one.Region})
            </option>
          ))}
        </select>
      </label>
      <span className={live ? 'live live-on' : 'live'} role="status" title={live ? text.shell.liveLong : text.shell.pollingLong}>
        {live ? text.shell.live : text.shell.polling}
      </span>
      <span className="bar-space" />
      <code className="bar-key" title={text.shell.signedInAs(session.SecretId)}>
        {session.SecretId}
      </code>
      <LanguageButton />
      <ThemeButton />
      <button type="button" className="bar-button" aria-label={text.shell.signOut} title={text.shell.signOut} onClick={signOut}>
        <LogoutIcon />
      </button>
    </header>
  );
}
