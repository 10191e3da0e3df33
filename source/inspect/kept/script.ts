import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';

/** For one directory. */
const seconds = 15;

const sizeLine = (path: Path): Fragment =>
  sh`size=$(timeout ${seconds} du -sk ${path} 2>/dev/null) || size='?'; echo "\${size%%[!0-9?]*} $(timeout ${seconds} find ${word`${path}/base`} -type f -links +1 -print -quit 2>/dev/null | wc -l)"`;

/**
 * One line for each: kilobytes, or `?` where it took too long or could not be read whole; then whether a file has a second name
 * elsewhere. What a tablespace holds is not in it.
 */
export const sizesScript = (paths: readonly Path[]): Fragment => sh`
  export LC_ALL=C
  ${paths.map(sizeLine)}

`;
