import { isDeepStrictEqual } from 'node:util';
import { useRef } from 'react';

/** The value of the render before while this one says the same: what is made from it need not be made anew. */
export const useSame = <Value>(value: Value): Value => {
  const held = useRef(value);
  if (!isDeepStrictEqual(held.current, value)) held.current = value;
  return held.current;
};
