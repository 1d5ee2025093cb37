import { useMemo, useState } from 'react';
import { usePreferences } from '../../app/preferences';
import type { PageProps } from '../../app/Routes';
import { Link, to } from '../../app/router';
import { model } from '../../explorer/model';
import { useText } from '../../i18n';
import { TextField } from '../../ui/Field';
import { Empty, Page } from '../../ui/Page';
import { Action } from './Action';

/** `Fleets (服务器舰队)` has both languages. */
function areaName(area: string, language: 'en' | 'zh'): string {
  const match = /^(.*?)\s*[(（](.*)[)）]$/.exec(area);
  return match ? ((language === 'zh' ? match[2] : match[1]) ?? area) : area;
}

export default function Explorer({ route }: PageProps) {
  const text = useText();
  const { language } = usePreferences();
  const [search, setSearch] = useState('');
  const chosen = route.parts[1] ?? '';
  const groups = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    const found = new Map<string, string[]>();
    for (const [name, action] of Object.entries(model.actions)) {
      if (wanted && !name.toLowerCase().includes(wanted) && !action.nameZh.includes(wanted)) continue;
      const area = action.extension ? text.explorer.extensions : areaName(action.area, language);
      found.set(area, [...(found.get(area) ?? []), name]);
    }
    return [...found];
  }, [search, language, text]);
  const action = model.actions[chosen];
  return (
    <Page title={text.menu.explorer} lead={text.explorer.lead}>
      <div className="explorer">
        <nav className="card explorer-list" aria-label={text.explorer.actions}>
          <TextField bare type="search" label={text.explorer.search} placeholder={text.explorer.search} value={search} onChange={setSearch} />
          {groups.map(([area, names]) => (
            <div key={area}>
              <h3>{area}</h3>
              <ul>
                {names.map((name) => (
                  <li key={name}>
                    <Link to={to('explorer', name)} className="explorer-action" aria-current={name === chosen ? 'page' : undefined} title={model.actions[name]?.nameZh}>
                      {name}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          ))}
          {groups.length === 0 && <p className="quiet">{text.common.nothingFound}</p>}
        </nav>
        {action ? (
          <Action key={chosen} name={chosen} action={action} />
        ) : (
          <div className="card explorer-empty">
            <Empty title={text.explorer.choose}>{text.explorer.chooseLong}</Empty>
          </div>
        )}
      </div>
    </Page>
  );
}
