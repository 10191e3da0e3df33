/** What a directory takes. */
export interface KeptSize {
  /** Null: it was not known in time. */
  readonly bytes: number | null;
  /** A file of it has a second name elsewhere. */
  readonly linked: boolean;
}

/** What a line of `sizesScript` says; null: nothing that is understood. */
export const sizeIn = (line: string | undefined): KeptSize | null => {
  const found = /^(\d{1,15}|\?) +([01])$/.exec(line?.trim() ?? '');
  if (found === null) return null;
  return { bytes: found[1] === '?' ? null : Number(found[1]) * 1024, linked: found[2] === '1' };
};
