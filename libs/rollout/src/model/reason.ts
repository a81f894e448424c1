/**
 * Why something waits or failed. `code` is a stable word that programs test; `detail` is a sentence for people.
 * errno fields are empty and zero where no errno is involved.
 */
export interface Reason<Code extends string = string> {
  readonly code: Code;
  readonly detail: string;
  readonly errnoCode?: string;
  readonly errno?: number;
  /** What it is about, for example `session kv/file 0x1f`. */
  readonly subject?: string;
}
