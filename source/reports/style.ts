/** How the HTML paper looks: on a screen in light and dark, and printed. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de; --block: #f6f8fa;
  --good: #2f7d4f; --bad: #c0392b; --open: #b7791f; --shade: rgba(192, 57, 43, .12); }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --line: #30363d;
  --block: #161b22; --good: #3fb950; --bad: #f0625d; --open: #d29922; --shade: rgba(240, 98, 93, .18); } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
.legend { color: var(--soft); font-size: .85rem; }
h1 + p { font-size: 1.1rem; }
p, ul { margin: .5rem 0; } ul { padding-left: 1.3rem; }
.wide { overflow-x: auto; margin: .7rem 0; }
table { border-collapse: collapse; font-size: .875rem; min-width: 40%; }
th, td { border: 1px solid var(--line); padding: .3rem .55rem; text-align: left; vertical-align: top; }
th { background: var(--block); white-space: nowrap; }
code, pre { font: .85em/1.45 ui-monospace, Menlo, Consolas, monospace; }
code { background: var(--block); padding: .08em .3em; border-radius: 3px; overflow-wrap: anywhere; }
td code { background: none; padding: 0; overflow-wrap: break-word; }
td:first-child { white-space: nowrap; }
pre { background: var(--block); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem; margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 4px; margin: .35rem 0; padding: 0 .8rem; }
details[open] { padding-bottom: .6rem; }
summary { cursor: pointer; padding: .35rem 0; overflow-wrap: anywhere; }
svg { width: 100%; min-width: 40rem; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .tick { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); } svg .shade { fill: var(--shade); }
svg .good { fill: var(--good); } svg .bad { fill: var(--bad); } svg .open { fill: var(--open); }
@media print { main { max-width: none; padding: 0; } h2, h3 { break-after: avoid; } tr, svg, summary { break-inside: avoid; }
  .wide { overflow: visible; } table { font-size: .75rem; } body { font-size: 11pt; } }
`;
