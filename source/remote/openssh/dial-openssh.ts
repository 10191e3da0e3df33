import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import { debugEvent } from '../debug-events.ts';
import type { HostAddress, Question, RemoteOptions } from '../host.ts';
import { type Failure, hopName, unansweredProblem } from '../problems.ts';
import type { PromptQueue } from '../prompt-queue.ts';
import type { Hop, SshRoute } from '../route.ts';
import type { Transport } from '../transport.ts';
import { makePrivateDirectory } from './directory.ts';
import { sshFailure } from './failures.ts';
import { Master } from './master.ts';
import { OpensshTransport } from './openssh-transport.ts';
import { AskpassWatch } from './questions.ts';
import { configFor, destinationArguments } from './settings.ts';
import { askSsh } from './ssh-program.ts';

let options: Promise<ReadonlySet<string>> | null = null;

/** The options that this machine's ssh knows, as `ssh -G` lists them; asked once. */
const knownOptions = (): Promise<ReadonlySet<string>> => {
  options ??= askSsh(['-F', 'none', '-G', 'localhost']).then(
    (said) => new Set((said?.stdout ?? '').split('\n').map((line) => line.split(' ')[0] ?? '')),
  );
  return options;
};

/** Not in the list of `ssh -G` where they say nothing, and older than any ssh that still is about. */
const unlisted = new Set([
  'controlmaster',
  'controlpath',
  'controlpersist',
  'remotecommand',
  'addkeystoagent',
  'forwardagent',
  'tunnel',
]);

const unanswered = (hop: Hop, question: Question): Failure => ({
  final: true,
  problem:
    question.kind === 'unknown-host-key'
      ? problem(
          `The host key of ${question.host} (${question.fingerprint}) was not accepted.`,
          `Compare it with \`ssh-keygen -lf\` on ${question.host}, then connect again.`,
        )
      : unansweredProblem(hop, question.kind === 'prompt' ? question.prompt : '', [], []),
});

/** One attempt by this machine's ssh: it verifies every host key on the way, and asks by way of the console. */
export const dialOpenssh = async (
  address: HostAddress,
  route: SshRoute,
  remote: RemoteOptions,
  desk: PromptQueue,
): Promise<Result<Transport, Failure>> => {
  const hop = route[route.length - 1] ?? route[0];
  const made = await makePrivateDirectory();
  if (!made.ok) return fail({ problem: made.error, final: true });
  const directory = made.value;
  const config = join(directory.path, 'config');
  try {
    // ssh makes no directory for known hosts, and would ask each time.
    const [file] = remote.knownHostsFiles ?? [];
    if (file !== undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const known = await knownOptions();
    const knows = (option: string): boolean =>
      known.has(option.toLowerCase()) || unlisted.has(option.toLowerCase());
    await writeFile(config, configFor(route, remote, knows), { mode: 0o600 });
  } catch (thrown) {
    await rm(directory.path, { recursive: true, force: true });
    const what = `The configuration of ssh for ${hopName(hop)} cannot be written on this machine.`;
    const remedy = `Is there room in ${dirname(directory.path)}, and may you write there?`;
    return fail({ problem: problem(what, remedy, messageOf(thrown)), final: false });
  }
  debugEvent('ssh.master-begun', { alias: hop.alias, host: hop.host });
  const master = new Master(
    [
      '-F',
      config,
      '-M',
      '-N',
      '-S',
      directory.socket,
      '-o',
      'ClearAllForwardings=yes',
      ...destinationArguments(address),
    ],
    directory,
  );
  let refused: Failure | null = null;
  let stands = true;
  const watch = new AskpassWatch(
    directory.path,
    hop,
    (question, again) => desk.ofSsh(question, again, () => stands),
    (question) => {
      refused = unanswered(hop, question);
      master.kill();
    },
  );
  const ready = await master.ready();
  stands = false;
  watch.stop();
  if (ready) return ok(new OpensshTransport(master, directory));
  const failure = refused ?? sshFailure(hop, master.words());
  debugEvent('ssh.attempt-ended', { alias: hop.alias, outcome: 'failed', why: failure.problem.what });
  return fail(failure);
};
