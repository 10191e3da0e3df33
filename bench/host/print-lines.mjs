// Prints numbered lines, as pg_restore would, at a steady rate:
//   node print-lines.mjs COUNT [RATE]      RATE in lines a second; without it as fast as they are taken
import { writeSync } from 'node:fs';

const [count, rate] = process.argv.slice(2).map(Number);
const every = 10;
const line = (number) =>
  `${String(number).padStart(9, '0')} pg_restore: creating TABLE "public.orders_${String(number % 5000).padStart(4, '0')}" of database "app"\n`;

let printed = 0;
const print = (upTo) => {
  let text = '';
  for (; printed < upTo; printed += 1) {
    text += line(printed);
    if (text.length < 256 * 1024) continue;
    writeSync(1, text);
    text = '';
  }
  if (text !== '') writeSync(1, text);
};

if (rate === undefined) print(count);
else {
  const began = performance.now();
  const timer = setInterval(() => {
    print(Math.min(count, Math.floor(((performance.now() - began) * rate) / 1000)));
    if (printed >= count) clearInterval(timer);
  }, every);
}
