// The console over a pretended cluster whose running step is a real job on a real sshd:
// what the host prints goes through ssh2, the spool file and the screen, as in a window. Started by the benches.

import { renameSync, writeFileSync } from 'node:fs';
import { pagerIn } from '../../source/commands/pager.ts';
import { runConsole } from '../../source/console/run-console.tsx';
import { Outputs } from '../../source/engine/output/outputs.ts';
import type { Accepted, OutputView, Refusal } from '../../source/engine/view/controller.ts';
import { connect } from '../../source/remote/connect.ts';
import type { StepId } from '../../source/runbook/language/step.ts';
import { FakeEngine } from '../../test/console/fake-engine.ts';
import type { AnyHost } from '../../test/remote/any-host.ts';
import { settings } from './settings.ts';

const { port, user, keyFile, knownHosts, script, jobId, spool, done, result } = settings();

const reached = await connect(
  { alias: 'node_1', host: '127.0.0.1', port, user, identityFiles: [keyFile] },
  {
    ask: async () => ({ kind: 'no' }),
    become: 'none',
    sshConfigFile: null,
    knownHostsFiles: [knownHosts],
    agentSocket: null,
  },
);
if (!reached.ok) throw new Error(reached.error.what);

class FloodEngine extends FakeEngine {
  readonly #host: AnyHost;
  readonly #real = new Outputs(() => spool);

  constructor(host: AnyHost) {
    super({ done });
    this.#host = host;
  }

  override output(id: StepId): OutputView {
    return this.#real.of(id);
  }

  override onOutput(listener: (step: StepId) => void): () => void {
    return this.#real.onGrowth(listener);
  }

  override confirm(id: StepId, typed?: string): Accepted | Refusal {
    const answer = super.confirm(id, typed);
    if ('accepted' in answer) void this.#follow(id);
    return answer;
  }

  async #follow(id: StepId): Promise<void> {
    const output = this.#real.of(id);
    const began = performance.now();
    let heardAt = 0;
    const outcome = await this.#host.job(
      { id: jobId, as: user, script },
      {
        onBytes: (chunk) => {
          output.push(chunk);
          // As the board does: the age of the last byte, once a second.
          const now = Date.now();
          if (now - heardAt > 1000) {
            heardAt = now;
            const hosts = this.view.hosts.map((host) => ({ ...host, lastByteAt: now }));
            this.set({ hosts });
          }
          this.#real.grown(id);
        },
      },
    );
    output.close();
    this.#real.grown(id);
    const tookMs = performance.now() - began;
    const exitCode = outcome.kind === 'exited' ? outcome.code : null;
    const { bytes, endLine, file } = output;
    writeFileSync(`${result}.new`, JSON.stringify({ tookMs, exitCode, bytes, lines: endLine, file }));
    renameSync(`${result}.new`, result);
    this.finishStep();
  }

  override async close(why?: string): Promise<void> {
    await super.close(why);
    await this.#host.close();
  }
}

const engine = new FloodEngine(reached.value);
setInterval(() => engine.beat(), 1000).unref();
await runConsole(
  engine,
  { stdin: process.stdin, stdout: process.stdout, env: process.env, pager: pagerIn(process.env) },
  { guard: { shown: 0, pressed: 0 } },
);
