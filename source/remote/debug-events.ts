import { channel } from 'node:diagnostics_channel';

/** What `--debug FILE` writes down: the name of an event, and facts that are no secrets (never a key, a passphrase, a script). */
export type DebugEvent = { readonly event: string } & Readonly<
  Record<string, string | number | boolean | null>
>;

const events = channel('pgaf-upgrade:debug');

/** Tells whoever listens; costs nothing where nobody does. */
export const debugEvent = (
  event: string,
  facts: Readonly<Record<string, string | number | boolean | null>>,
): void => {
  if (events.hasSubscribers) events.publish({ event, ...facts });
};

const isEvent = (message: unknown): message is DebugEvent =>
  typeof message === 'object' && message !== null && 'event' in message;

/** Hears of every event until the function that it gives is called. */
export const onDebugEvent = (listener: (event: DebugEvent) => void): (() => void) => {
  const heard = (message: unknown): void => {
    if (isEvent(message)) listener(message);
  };
  events.subscribe(heard);
  return () => {
    events.unsubscribe(heard);
  };
};
