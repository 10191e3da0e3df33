/** Whether this terminal can show the full screen; plain lines otherwise. */
export const showsScreens = (): boolean =>
  process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== 'dumb';
