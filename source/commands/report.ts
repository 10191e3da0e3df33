export const reportFormats = ['markdown', 'html'] as const;
export const report = async (_: {
  of: string;
  format: string | null;
  out: string | null;
  run: string | null;
}): Promise<number> => 2;
