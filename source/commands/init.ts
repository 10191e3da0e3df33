export const init = async (_: { readonly address?: string }): Promise<number> => 2;
