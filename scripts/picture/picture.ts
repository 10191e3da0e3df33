// Makes docs/console.svg, a moving picture, from a real run of the demo in a pseudo terminal: the window as far as 17 has taken
// writes, then a rollback to its end. The frames are moments of the record that the console keeps of its session; captions alone are from here.
//   npm run picture
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rootIn } from '../../test/embedded/demo-run.ts';
import { newestRecord, parseAsciicast, replayed } from '../../test/lab/harness/asciicast.ts';
import { type Console, openConsole } from '../../test/lab/harness/console.ts';
import { enterUntil, leave, walk } from '../../test/lab/harness/walk.ts';
import { type Frame, movingSvg } from './svg.ts';

const size = { cols: 120, rows: 36 };
/** A moment of the record: behind so many of its lines. */
interface Shot {
  readonly lines: number;
  readonly caption: string;
  readonly seconds: number;
}
const shots: Shot[] = [];
let root = '';
const typedWanted = /type the name of the host/i;

const recordSoFar = (): string => {
  const text = newestRecord(root);
  if (text === null) throw new Error(`no record of the session in ${root}`);
  return text;
};

const shoot = (console_: Console, caption: string, seconds: number): void => {
  shots.push({ lines: recordSoFar().split('\n').length - 1, caption, seconds });
  process.stdout.write(`\n${shots.length}: ${caption}\n${console_.screen()}\n`);
};

const framesOf = async (text: string): Promise<readonly Frame[]> => {
  const record = parseAsciicast(text);
  const frames: Frame[] = [];
  // The first line is the header.
  for (const { lines, caption, seconds } of shots)
    frames.push({ rows: (await replayed(record, lines - 1)).cells, caption, seconds });
  return frames;
};

/** Confirms step after step as far as the card that shows this; the card is on the screen then. */
const walkTo = async (console_: Console, card: RegExp): Promise<void> => {
  const end = await walk(console_, { until: (screen) => card.test(screen) });
  if (end !== 'stopped-before') throw new Error(`no card with ${card}: ${end}\n${console_.screen()}`);
};

/** Types the host's name where the card wants it; tells whether it did, with the dialog on the screen. */
const typeName = async (console_: Console, host: string): Promise<void> => {
  await enterUntil(console_, (screen) => typedWanted.test(screen));
  await console_.typeName(host);
};

/** Right of the bar between list and card: where the title of the card stands. */
const title = (words: string): RegExp =>
  new RegExp(`Step +\\d+/\\d+ on [^\\n]*\\n.{40,60}\\s(?:${words})`, 'i');

const upgrade = async (console_: Console): Promise<void> => {
  await console_.waitFor(/Enter run steps? 1\b/, { timeoutMs: 60_000 });
  shoot(console_, 'Each step has a card: what it does, why, and its exact script', 5);
  await walkTo(console_, title('check the host|(?:run )?preflight'));
  shoot(console_, 'Checks and a dry run on every host, while the application works', 4);
  await walkTo(console_, title('stop (the )?primary'));
  shoot(console_, 'The stop of the primary: from here the application cannot write', 5);
  await walkTo(console_, /\d+ node_1: .*pg_upgrade --link/i);
  shoot(console_, 'One Enter for what may run side by side; the header counts the downtime', 4);
  await enterUntil(console_, (screen) => /Performing|Consistency|Checking/.test(screen));
  await console_.waitFor(/stages/, { timeoutMs: 60_000 });
  shoot(console_, 'pg_upgrade at work: live output, progress, and what a rollback would mean', 2.5);
  await console_.waitFor(/Performing Upgrade[\s\S]*stages/, { timeoutMs: 60_000 });
  shoot(console_, 'pg_upgrade at work: live output, progress, and what a rollback would mean', 3.5);
  await walkTo(console_, title('(?:‼ )?(?:start 17 (?:for the )?first time|first start of 17)'));
  shoot(console_, 'Irreversible: the old files are shared with 17 from its first start on', 4);
  await typeName(console_, 'node_1');
  shoot(console_, 'What cannot be undone wants the name of the host typed', 4);
  await enterUntil(console_, (screen) => !typedWanted.test(screen));
  await walkTo(console_, title('verify'));
  shoot(console_, 'The new version is verified before anybody can write', 3.5);
  await walkTo(console_, title('start (the )?primary|open'));
  shoot(console_, 'The opening: when this step is done the application writes again', 4);
  await walkTo(console_, title('(?:collect )?full statistics'));
  shoot(console_, 'The application writes on 17, and a rollback would lose what it writes', 4.5);
};

const rollback = async (console_: Console): Promise<void> => {
  await console_.press('r');
  await console_.waitFor(/Takes [\s\S]* monitor /, { timeoutMs: 60_000 });
  shoot(console_, 'A rollback, made from what is on the disks: verdict, cost, every step', 6);
  await enterUntil(console_, (screen) => /ROLLING BACK|GOING BACK/.test(screen));
  await walkTo(console_, title('promote'));
  shoot(console_, 'Rolling back: a secondary’s untouched copy of 15 becomes the primary', 4);
  if ((await walk(console_)) !== 'finished') throw new Error(`not finished:\n${console_.screen()}`);
  shoot(console_, 'Everything runs on 15 again', 5);
};

const console_ = openConsole({ args: ['demo', '--scenario', 'rollback-after-start'], ...size });
try {
  root = rootIn(await console_.waitFor(/Press Enter to begin/, { timeoutMs: 60_000 }));
  await console_.press('enter');
  await upgrade(console_);
  await rollback(console_);
  const frames = await framesOf(recordSoFar());
  const picture = movingSvg(frames, size.cols, 'pgaf-upgrade, its demo: PostgreSQL 15 becomes 17', 5);
  writeFileSync(fileURLToPath(new URL('../../docs/console.svg', import.meta.url)), picture);
  process.stdout.write(
    `\ndocs/console.svg: ${frames.length} frames, ${Math.round(picture.length / 1000)} kB\n`,
  );
  await leave(console_);
} finally {
  await console_.kill();
}
