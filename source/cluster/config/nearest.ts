/** Number of single-character edits (swapping two neighbors is one) that turn a into b. */
export const editDistance = (a: string, b: string): number => {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = last;
    last = current;
  }
  return last[b.length] ?? 0;
};

const folded = (key: string): string => key.toLowerCase().replace(/[_-]/g, '');

/** The right key that the operator most likely meant, or null where nothing is close enough to be a help. */
export const nearestKey = (wrong: string, right: readonly string[]): string | null => {
  // Keys are short; a longer one cannot be near, and comparing it would cost for nothing.
  if (wrong.length > 40) return null;
  const ranked = right
    .map((key) => ({ key, distance: editDistance(folded(wrong), folded(key)) }))
    .sort((one, other) => one.distance - other.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.key.length / 3))
    ? best.key
    : null;
};
