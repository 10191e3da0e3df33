import { randomBytes } from 'node:crypto';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { becomeProblem, type Login, pack, shellAs } from './become.ts';
import type { JobSpec } from './host.ts';
import { launchScript } from './job-scripts.ts';
import type { Sessions } from './sessions.ts';

/** How one attempt to follow a job ended. */
export type FollowEnd =
  /** The log had `size` bytes when the exit code was read. */
  | { readonly kind: 'exited'; readonly code: number; readonly size: number }
  | { readonly kind: 'vanished'; readonly reason: string; readonly gone: boolean }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-started'; readonly problem: Problem }
  /** The line, the channel or the follower broke; the job does not care. */
  | { readonly kind: 'broken' };

/** What login files and sudo may print before the script begins, in bytes. */
const maximumNoise = 64 * 1024;

const endFrom = (text: string, login: Login, as: string): FollowEnd | null => {
  const [word, ...rest] = text.split(' ');
  const reason = rest.join(' ');
  switch (word) {
    case 'exited': {
      const [code, size] = rest.filter((field) => field !== '').map(Number);
      if (code === undefined || size === undefined || !Number.isInteger(code) || !Number.isInteger(size))
        return null;
      return { kind: 'exited', code, size };
    }
    case 'vanished':
    case 'unborn':
      return { kind: 'vanished', reason, gone: word === 'vanished' };
    case 'denied':
      return { kind: 'not-started', problem: becomeProblem(login, as, reason, null) };
    case 'refused':
      return { kind: 'refused', reason };
    default:
      return null;
  }
};

/**
 * Starts the job unless it exists, and follows it over one channel in one round trip. `onBytes` gets the log from
 * `offset` on; `onFollowing` is called once the host says that it follows. Errors: the script cannot be packed for this
 * login, which no later attempt would change.
 */
export const follow = async (
  sessions: Sessions,
  login: Login,
  spec: JobSpec,
  offset: number,
  onBytes: (chunk: Buffer) => void,
  onFollowing: () => void,
): Promise<Result<FollowEnd>> => {
  const tag = randomBytes(8).toString('hex');
  const launch = launchScript(login, { id: spec.id, as: spec.as, tag, script: spec.script, offset });
  if (!launch.ok) return launch;
  const parcel = pack(launch.value.text, undefined);
  const command = shellAs(login, login.user, parcel.inner);
  if (!command.ok) return command;
  const opened = await sessions.open(command.value.text, undefined);
  if (!opened.ok) return sessions.line.state === 'closed' ? fail(opened.error) : ok({ kind: 'broken' });
  const running = opened.value;

  let tooMuch: () => void = () => undefined;
  // A host that floods may never say that its channel is closed.
  const overrun = new Promise<{ code: null }>((resolve) => {
    tooMuch = () => resolve({ code: null });
  });
  let head: Buffer | null = Buffer.alloc(0);
  let flooded = false;
  running.stdout.on('data', (chunk: Buffer) => {
    if (flooded) return;
    if (head === null) return onBytes(chunk);
    // The mark may lie across two chunks; no more than its own length has to be read again.
    const from = Math.max(0, head.length - parcel.mark.length);
    head = Buffer.concat([head, chunk]);
    const at = head.indexOf(parcel.mark, from);
    if (at < 0) {
      if (head.length <= maximumNoise) return;
      flooded = true;
      head = Buffer.alloc(0);
      running.stop();
      tooMuch();
      return;
    }
    const rest = head.subarray(at + parcel.mark.length);
    head = null;
    if (rest.length > 0) onBytes(rest);
  });
  let said = '';
  let noise = '';
  let end: FollowEnd | null = null;
  running.stderr.on('data', (chunk: Buffer) => {
    if (flooded) return;
    said += chunk.toString('utf8');
    for (let at = said.indexOf('\n'); at >= 0; at = said.indexOf('\n')) {
      const text = said.slice(0, at);
      said = said.slice(at + 1);
      if (text === `${tag} following`) onFollowing();
      else if (text.startsWith(tag)) end ??= endFrom(text.slice(tag.length + 1), login, spec.as);
      else if (noise.length < maximumNoise) noise += `${text}\n`;
    }
    if (said.length > maximumNoise) said = '';
  });
  running.stdin.end(parcel.payload);
  const { code } = await Promise.race([running.ended, overrun]);
  if (flooded)
    return ok({
      kind: 'not-started',
      problem: problem(
        `${login.alias} prints more than ${maximumNoise / 1024} KiB before the script begins; nothing of it ran.`,
        `See what the login files of ${login.user} print there: ssh to the host, then \`true | sh -l\`.`,
      ),
    });
  if (end !== null) return ok(end);
  // The shell ended by itself before it said its mark: it will do so every time.
  if (head !== null && code !== null)
    return ok({ kind: 'not-started', problem: becomeProblem(login, login.user, noise + said, code) });
  return ok({ kind: 'broken' });
};
