import { present } from '../../cluster/present.ts';
import { ageOf, readClocks, steady } from '../observe/clock.ts';
import type { Quiet } from '../view/controller.ts';

/** How often it is looked again while nothing comes, in milliseconds. */
const againMs = 30_000;

export interface WatchdogOptions {
  /** Nothing printed for so long is worth a word. */
  readonly quietMs: number;
  /** What the host is doing, in lines. */
  readonly inspect: () => Promise<readonly string[]>;
  /** Null: something was printed again. */
  readonly say: (quiet: Quiet | null) => void;
}

/** Notices that a step prints nothing, and says what its host is doing. It never ends anything. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #since = readClocks();
  #timer: NodeJS.Timeout | undefined;
  #said = false;
  #stopped = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#schedule(options.quietMs);
  }

  /** Something was printed. */
  heard(): void {
    this.#since = readClocks();
    if (this.#said) this.#options.say(null);
    this.#said = false;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => void this.#check(), ms);
    this.#timer.unref();
  }

  async #check(): Promise<void> {
    const { quietMs, inspect, say } = this.#options;
    const left = this.#since.steady + quietMs - steady();
    if (left > 0) return this.#schedule(left);
    const since = this.#since;
    const found = await inspect();
    if (this.#stopped) return;
    if (since === this.#since) {
      this.#said = true;
      say({ since: present() - ageOf(since), at: present(), found });
    }
    this.#schedule(againMs);
  }
}
