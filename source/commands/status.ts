export const status = async (_: { readonly file: string; readonly json: boolean }): Promise<number> => 2;
