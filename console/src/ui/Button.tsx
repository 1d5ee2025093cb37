import { Button as TButton } from 'tdesign-react/es/button';
import type { ReactNode } from 'react';
import { useConsole } from '../app/console';
import { useText } from '../i18n';

interface Props {
  children: ReactNode;
  onClick?: () => void;
  kind?: 'primary' | 'plain' | 'danger' | 'link' | 'danger-link';
  type?: 'button' | 'submit';
  busy?: boolean;
  disabled?: boolean;
  label?: string;
  /** Why it is as it is; the name stays. */
  hint?: string;
  icon?: React.ReactElement;
  size?: 'small' | 'medium' | 'large';
}

export function Button({ children, onClick, kind = 'plain', type = 'button', busy, disabled, label, hint, icon, size }: Props) {
  const link = kind === 'link' || kind === 'danger-link';
  return (
    <TButton
      type={type}
      // Left to itself the library makes a div of a disabled button, and a screen reader no longer knows it.
      tag="button"
      size={size ?? (link ? 'small' : 'medium')}
      theme={kind === 'primary' || kind === 'link' ? 'primary' : kind === 'plain' ? 'default' : 'danger'}
      variant={link ? 'text' : kind === 'plain' ? 'outline' : 'base'}
      loading={busy ?? false}
      disabled={disabled ?? false}
      onClick={() => onClick?.()}
      icon={icon}
      className={link ? 'button-link' : undefined}
      {...(hint ? { title: hint } : {})}
      {...(label ? { 'aria-label': label, title: label } : {})}
    >
      {children}
    </TButton>
  );
}

/** A button for something that changes the server: keys that only read see it, but cannot press it. */
export function ActionButton(props: Props) {
  const { session } = useConsole();
  const text = useText();
  if (!session.ReadOnly) return <Button {...props} />;
  return <Button {...props} disabled hint={text.common.readOnly} />;
}
