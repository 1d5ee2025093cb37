import { type ReactNode, useId } from 'react';
import { type Run, useSubmit } from '../hooks/api';
import { useText } from '../i18n';
import { Button } from './Button';
import { ErrorBox } from './ErrorBox';
import { Modal } from './Modal';
import { useToast } from './Toast';

interface Props {
  title: string;
  children: ReactNode;
  confirm?: string;
  done: string;
  /** What is still wrong with the form; shown instead of sending it. */
  problem?: string | null;
  work: (run: Run) => Promise<void>;
  onClose: () => void;
  wide?: boolean;
}

/** A form in a dialog that stays open, with the reason, when the server refuses. */
export function FormModal({ title, children, confirm, done, problem, work, onClose, wide }: Props) {
  const text = useText();
  const toast = useToast();
  const form = useId();
  const { busy, error, submit } = useSubmit();
  const send = async () => {
    if (problem || !(await submit(work))) return;
    toast(done);
    onClose();
  };
  return (
    <Modal
      title={title}
      onClose={onClose}
      wide={wide}
      footer={
        <>
          {problem && <span className="form-problem">{problem}</span>}
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button kind="primary" busy={busy} disabled={Boolean(problem)} onClick={() => void send()}>
            {confirm ?? text.common.ok}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {children}
        {error && <ErrorBox error={error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Modal>
  );
}
