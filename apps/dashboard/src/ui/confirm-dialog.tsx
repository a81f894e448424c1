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
    // Not closed on clean-up: leaving the page closes it, and `close` would be told as if the person had done it.
    if (dialog.current?.open === false) dialog.current.showModal();
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
