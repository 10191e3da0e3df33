import { readFileSync } from 'node:fs';

const file = (name: string): URL => new URL(`../../fixtures/recorded/${name}`, import.meta.url);

/** What a real tool printed; fixtures/recorded/README.md says when and how. */
export const recorded = (name: string): string => readFileSync(file(name), 'utf8');

export const recordedBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));

/** The value of a result that must be good; the test fails with the problem otherwise. */
export const good = <Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value => {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
};
