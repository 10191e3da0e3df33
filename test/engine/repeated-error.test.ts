import { expect, test } from 'vitest';
import { RepeatedError } from '../../source/engine/step/repeated-error.ts';

test('the same error for a minute is said once, whatever its time, process and node number', () => {
  let now = 0;
  const errors = new RepeatedError(() => now);
  const line = (second: number) =>
    `19:0${second}:01 4${second}3 ERROR Monitor ERROR: couldn't find the primary node`;
  const heard: string[] = [];
  for (let at = 0; at < 30; at += 1) {
    now = at * 5_000;
    const again = errors.heard(line(at % 10));
    if (again !== null) heard.push(`${again.seconds}`);
    errors.heard('19:00:00 INFO waiting');
  }
  expect(heard).toEqual(['60']);
});

test('different errors, or one that comes twice, are not', () => {
  let now = 0;
  const errors = new RepeatedError(() => now);
  expect(errors.heard('ERROR a')).toBeNull();
  now = 70_000;
  expect(errors.heard('ERROR b')).toBeNull();
  expect(errors.heard('ERROR a')).toBeNull();
});
