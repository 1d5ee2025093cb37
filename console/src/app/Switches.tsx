import MoonIcon from 'tdesign-icons-react/esm/components/moon';
import SunnyIcon from 'tdesign-icons-react/esm/components/sunny';
import { useText } from '../i18n';
import { usePreferences } from './preferences';

export function LanguageButton() {
  const { language, setLanguage } = usePreferences();
  return (
    <button
      type="button"
      className="bar-button"
      lang={language === 'en' ? 'zh-CN' : 'en'}
      onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}
    >
      {language === 'en' ? '中文' : 'English'}
    </button>
  );
}

export function ThemeButton() {
  const { theme, setTheme } = usePreferences();
  const text = useText();
  const label = theme === 'light' ? text.shell.dark : text.shell.light;
  return (
    <button type="button" className="bar-button" aria-label={label} title={label} onClick={() => setTheme(theme === 'light' ? 'dark' : 'light')}>
      {theme === 'light' ? <MoonIcon /> : <SunnyIcon />}
    </button>
  );
}
