/** `--name=value`, `--name value`, `-n value`: the value; undefined where it is not given. */
export const toolOption = (args: readonly string[], ...names: readonly string[]): string | undefined => {
  for (const [at, word] of args.entries())
    for (const name of names) {
      if (word === name) return args[at + 1];
      if (name.startsWith('--') && word.startsWith(`${name}=`)) return word.slice(name.length + 1);
      if (!name.startsWith('--') && word.startsWith(name) && word.length > 2) return word.slice(2);
    }
  return undefined;
};
