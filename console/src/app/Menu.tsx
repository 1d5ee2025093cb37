import { useText } from '../i18n';
import { useConsole } from './console';
import { Link, useRoute } from './router';

export function Menu({ onGo }: { onGo: () => void }) {
  const text = useText();
  const { parts } = useRoute();
  const { session } = useConsole();
  const here = parts[0] ?? 'overview';
  const groups = [
    { title: '', items: ['overview', 'start'] as const },
    { title: text.menu.resources, items: ['assets', 'fleets', 'aliases', 'queues', 'hosts'] as const },
    { title: text.menu.operate, items: ['update', 'placements', 'monitoring', 'statistics'] as const },
    { title: text.menu.develop, items: ['explorer', 'keys'] as const },
  ];
  return (
    <nav className="menu" aria-label={text.shell.menu}>
      {groups.map((group) => (
        <div key={group.title} className="menu-group">
          {group.title && <div className="menu-title">{group.title}</div>}
          {group.items.map((item) => (
            <Link key={item} to={`/${item}`} className="menu-item" aria-current={item === here ? 'page' : undefined} onClick={onGo}>
              {text.menu[item]}
            </Link>
          ))}
        </div>
      ))}
      <div className="menu-version">OpenGSE {session.Version}</div>
    </nav>
  );
}
