import { useEffect, useId, useRef, type ReactNode } from 'react';

interface ConfirmDialogProps {
  readonly title: string;
  readonly confirmLabel: string;
  readonly dangerous: boolean;
  readonly busy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before something is done. The platform's own modal dialog: focus stays inside, Escape closes it. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, confirmLabel, dangerous, busy, onConfirm, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      {children}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className={`button ${dangerous ? 'is-danger' : 'is-primary'}`}
          disabled={busy}
          onClick={onConfirm}
        >
          {busy ? 'Asking…' : confirmLabel}
        </button>
      </div>
    </dialog>
  );
}
