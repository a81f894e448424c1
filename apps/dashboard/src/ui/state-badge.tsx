import type { Tone } from '../state/tone';

/** A state by its word, with the mark of its tone before it. */
export function StateBadge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span className={`badge tone-${tone}`}>
      <ToneMark tone={tone} />
      {children}
    </span>
  );
}

/** Shape and colour of a tone; decoration beside the word. */
export function ToneMark({ tone }: { readonly tone: Tone }) {
  return <span className={`mark tone-${tone}`} aria-hidden="true" />;
}
