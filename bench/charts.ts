/** Charts of RESULTS.md as SVG, drawn without a library: grouped bars with a label each, legible in light and dark. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { short } from "./table.ts";

type Bars = { label: string; values: readonly number[] };
type Chart = { title: string; series: readonly string[]; bars: readonly Bars[] };

const barHeight = 12;
const labelWidth = 250;
const plotWidth = 420;

/** The rows of the table in the section of this title, each by its column names; later columns of a name are numbered. */
function readTable(page: string, title: string): Record<string, string>[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(title)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  const cellsOf = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head = "", , ...rows] = lines;
  const names = cellsOf(head);
  return rows.map((row) =>
    Object.fromEntries(cellsOf(row).map((cell, at) => [names[at] || String(at), cell])),
  );
}

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function toSvg({ title, series, bars }: Chart): string {
  const max = Math.max(1, ...bars.flatMap(({ values }) => values.filter(Number.isFinite)));
  const groupHeight = series.length * (barHeight + 2) + 10;
  const height = 60 + bars.length * groupHeight;
  const body = bars.flatMap(({ label, values }, group) => {
    const top = 56 + group * groupHeight;
    const middle = top + (groupHeight - 10) / 2 + 4;
    return [
      `<text class="label" x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escapeXml(label)}</text>`,
      ...values.map((value, at) => {
        if (!Number.isFinite(value)) return "";
        const y = top + at * (barHeight + 2);
        const width = Math.max(1, (value / max) * plotWidth).toFixed(1);
        return `<rect class="s${at}" x="${labelWidth}" y="${y}" width="${width}" height="${barHeight}" rx="2"/><text class="value" x="${labelWidth + Number(width) + 5}" y="${y + barHeight - 2}">${short(value)}</text>`;
      }),
    ];
  });
  const legend = series.map(
    (name, at) =>
      `<rect class="s${at}" x="${labelWidth + at * 150}" y="32" width="10" height="10" rx="2"/><text class="value" x="${labelWidth + at * 150 + 15}" y="41">${escapeXml(name)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${labelWidth + plotWidth + 60} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
text{font:12px system-ui,sans-serif;fill:#1c2128}.title{font-weight:600;font-size:14px}.value{font-size:11px;fill:#565d66}
.paper{fill:#fdfcf9}.s0{fill:#1f4e8c}.s1{fill:#d4803f}.s2{fill:#7a8794}
@media (prefers-color-scheme:dark){text{fill:#e8e6e0}.value{fill:#b9bec6}.paper{fill:#191c21}.s0{fill:#8fb6f0}.s1{fill:#eba66c}.s2{fill:#8b95a1}}
</style>
<rect class="paper" width="100%" height="100%"/>
<text class="title" x="12" y="20">${escapeXml(title)}</text>
${[...legend, ...body].join("\n")}
</svg>
`;
}

/** Draws the charts of docs/performance.md from the tables of RESULTS.md. */
export function drawCharts(resultsFile: string, folder: string): void {
  const page = readFileSync(resultsFile, "utf8");
  const cold = readTable(page, "Cold:");
  const tools = readTable(page, "Tools:").filter((row) => row["delay ms"] === "50");
  const cpu = readTable(page, "CPU:");
  const isolation = readTable(page, "Isolation");
  const total = (text = "") => text.split("+").reduce((sum, part) => sum + Number.parseFloat(part), 0);
  const p50 = (tool: string, emails: string) =>
    Number(tools.find((row) => row.tool === tool && row.emails === emails)?.["p50 ms"] ?? Number.NaN);
  const charts: Record<string, Chart> = {
    "round-trips": {
      title: "Round trips to the mail server: first call on a new connection, and again",
      series: ["first call", "again"],
      bars: cold.map((row) => ({
        label: `${row.tool} ${row["1"] ?? ""}`.trim(),
        values: [total(row.cold), total(row.again)],
      })),
    },
    sizes: {
      title: "Milliseconds of a call at 50 ms to the mail server, by emails in the mailbox",
      series: ["1,000 emails", "20,000 emails", "100,000 emails"],
      bars: [...new Set(tools.map((row) => row.tool ?? ""))].map((tool) => ({
        label: tool,
        values: ["1000", "20000", "100000"].map((emails) => p50(tool, emails)),
      })),
    },
    cpu: {
      title: "CPU milliseconds of a call, beside bare imapflow",
      series: ["email-connector", "bare imapflow"],
      bars: cpu.map((row) => ({
        label: row.tool ?? "",
        values: [Number(row["CPU ms"]), Number(row["bare imapflow"])],
      })),
    },
    isolation: {
      title: "Wait of a light caller in milliseconds, by what others do",
      series: ["p50", "p99"],
      bars: isolation.map((row) => ({
        label: (row.others ?? "").slice(0, 38),
        values: [Number.parseFloat(row.p50 ?? ""), Number.parseFloat(row.p99 ?? "")],
      })),
    },
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, chart] of Object.entries(charts))
    if (chart.bars.length > 0) writeFileSync(join(folder, `${name}.svg`), toSvg(chart));
}
