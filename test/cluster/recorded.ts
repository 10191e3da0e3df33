import { existsSync, readFileSync } from 'node:fs';

/** Upwards from here: what is bundled lies elsewhere than its source. */
const directory = (from: URL): URL => {
  const here = new URL('fixtures/recorded/', from);
  if (existsSync(here)) return here;
  const above = new URL('../', from);
  if (above.href === from.href) throw new Error('there is no fixtures/recorded above this file');
  return directory(above);
};

const recordings = directory(new URL('./', import.meta.url));
const file = (name: string): URL => new URL(name, recordings);

/** The searches of the model ask for the same ones tens of thousands of times. */
const texts = new Map<string, string>();

/** What a real tool printed; fixtures/recorded/README.md says when and how. */
export const recorded = (name: string): string => {
  const text = texts.get(name) ?? readFileSync(file(name), 'utf8');
  texts.set(name, text);
  return text;
};

export const recordedBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));

/** The value of a result that must be good; the test fails with the problem otherwise. */
export const good = <Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value => {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
};
