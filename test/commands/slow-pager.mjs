// A pager for tests: keeps what it is given in the file named, or reads nothing at all; there for two seconds.
import { createWriteStream } from 'node:fs';

const [, , file] = process.argv;
setTimeout(() => process.exit(0), 2000);
if (file !== undefined) process.stdin.pipe(createWriteStream(file));
