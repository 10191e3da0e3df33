export type World = { readonly at: number };
