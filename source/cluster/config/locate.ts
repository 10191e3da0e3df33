import { type Document, isMap, isNode, isScalar, type LineCounter } from 'yaml';

type Path = readonly PropertyKey[];

const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

/** Where a path of keys stands in the file: the offset of its last key that exists. */
const offsetAt = (document: Document, path: Path): number => {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) break;
    offset = offsetOf(pair.key) ?? offset;
    node = pair.value;
  }
  return offset;
};

/** The line, counted from 1, of the key that a path of keys names, or of the nearest one above it that exists. */
export const lineOf = (document: Document, lines: LineCounter, path: Path): number =>
  lines.linePos(offsetAt(document, path)).line || 1;
