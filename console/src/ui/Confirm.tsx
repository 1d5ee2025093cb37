import type { ReactNode } from 'react';
import { useSubmit, type Run } from '../hooks/api';
import { useText } from '../i18n';
import { Button } from './Button';
import { ErrorBox } from './ErrorBox';
import { Modal } from './Modal';
import { useToast } from './Toast';

interface Props {
  title: string;
  /** What will be affected, in words. */
  children: ReactNode;
  confirm: string;
  danger?: boolean;
  disabled?: boolean;
  done?: string;
  work: (run: Run) => Promise<void>;
  onClose: () => void;
}

/** Asks before something is done, does it, and stays open with the reason when it is refused. */
export function Confirm({ title, children, confirm, danger, disabled, done, work, onClose }: Props) {
  const text = useText();
  const toast = useToast();
  const { busy, error, submit } = useSubmit();
  const act = async () => {
    if (!(await submit(work))) return;
    if (done) toast(done);
    onClose();
  };
  return (
    <Modal
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button kind={danger ? 'danger' : 'primary'} busy={busy} disabled={disabled} onClick={() => void act()}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {error && <ErrorBox error={error} />}
    </Modal>
  );
}
