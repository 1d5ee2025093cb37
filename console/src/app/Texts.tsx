import { ConfigProvider } from 'tdesign-react/es/config-provider';
import en from 'tdesign-react/es/locale/en_US';
import zh from 'tdesign-react/es/locale/zh_CN';
import type { ReactNode } from 'react';
import type { Language } from './preferences';

/** The component library's own words. */
export function Texts({ language, children }: { language: Language; children: ReactNode }) {
  return <ConfigProvider globalConfig={language === 'zh' ? zh : en}>{children}</ConfigProvider>;
}
