import { readFile, rm } from 'node:fs/promises';
import { debugEvent } from '../debug-events.ts';

/** What a client of the master's socket writes with -vv: that its session was opened, and how it ended. Source: OpenSSH, mux.c, mux_client_request_session. */
export class MuxLog {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async text(): Promise<string> {
    try {
      return await readFile(this.#file, 'utf8');
    } catch {
      // Not written yet, or gone with the master: it says nothing either way.
      return '';
    }
  }

  /** Null: it has not said yet. */
  async opened(): Promise<{ readonly ok: boolean; readonly cause: string } | null> {
    const text = await this.text();
    if (/master session id: \d+/.test(text)) return { ok: true, cause: '' };
    const refused =
      /(?:session request failed|forwarding request failed|refused session request): *(.*)/i.exec(text);
    return refused === null ? null : { ok: false, cause: refused[1] ?? 'refused' };
  }

  /** Whether 255 is what the host said, and not ssh's own word for a connection that is gone. */
  async saidCode255(): Promise<boolean> {
    return /Received exit status from master 255\b/.test(await this.text());
  }

  remove(): void {
    rm(this.#file, { force: true }).catch((thrown: unknown) => {
      debugEvent('ssh.log-left', { file: this.#file, why: String(thrown) });
    });
  }
}
