/** A `.sh` file of the source, bundled as its text: `import script from './script.sh' with { type: 'text' }`. */
declare module '*.sh' {
  const text: import('./fragment.ts').ShellFile;
  export default text;
}
