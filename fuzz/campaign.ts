/** A campaign: the targets take turns with fresh seeds until the time is over; what breaks is shrunk and written down. */
import fc from "fast-check";
import { type Find, writeFind } from "./finds.ts";
import { reduceBytes } from "./reduce.ts";
import { type AnyTarget, Broken, type Target } from "./target.ts";
import type { World } from "./world.ts";

export type CampaignOptions = {
  targets: readonly AnyTarget[];
  world: World;
  seed: number;
  /** The folder for finds. */
  folder: string;
  /** Asked before each turn. */
  isOver(): boolean;
  report(line: string): void;
};

export type CampaignResult = {
  /** Inputs by target, without those of shrinking. */
  inputs: Record<string, number>;
  /** The first find of each kind, and how often the kind was met. */
  finds: { find: Find; path: string; times: number }[];
};

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const result: CampaignResult = { inputs: {}, finds: [] };
  for (let turn = 0; !options.isOver(); turn += 1)
    for (const anyTarget of options.targets) {
      if (options.isOver()) break;
      await anyTarget((target) => takeTurn(target, turn, options, result));
    }
  return result;
}

/** The seed of a turn: the same campaign gives the same inputs, whatever it finds. */
export const toTurnSeed = (seed: number, turn: number) => (seed + turn * 7_919) | 0;

async function takeTurn<Input>(
  target: Target<Input>,
  turn: number,
  options: CampaignOptions,
  result: CampaignResult,
): Promise<void> {
  const { world, seed, report } = options;
  const turnSeed = toTurnSeed(seed, turn);
  let failure: Broken | undefined;
  let running: Promise<Broken | undefined> | undefined;
  const details = await fc.check(
    fc.asyncProperty(target.inputs, async (input) => {
      running = problemOf(target, input, world);
      const broken = await running;
      if (!broken) return;
      const known = result.finds.find(({ find }) => find.target === target.name && find.kind === broken.kind);
      // A known kind is counted and not shrunk again; shrinking keeps to the kind that began it.
      if (known && !failure) known.times += 1;
      else if (!failure || failure.kind === broken.kind) {
        failure = broken;
        throw broken;
      }
    }),
    { seed: turnSeed, numRuns: target.perTurn, interruptAfterTimeLimit: maxTurnMs },
  );
  // At the time limit fast-check leaves one behind, which would end the world under the next target.
  await running;
  result.inputs[target.name] = (result.inputs[target.name] ?? 0) + details.numRuns;
  const [input] = details.counterexample ?? [];
  if (!failure || input === undefined) return;
  const { kind, message } = failure;
  report(`${target.name} found ${message.slice(0, 300)}; shrinking`);
  const shrunk = await shrinkBytes(target, input, kind, world);
  const find: Find = { target: target.name, kind, problem: message, seed: turnSeed, input: shrunk };
  const path = writeFind(options.folder, find);
  result.finds.push({ find, path, times: 1 });
  report(`${target.name}: ${kind}: ${path}`);
}

/** Limit of a turn with its shrinking, so that slow inputs do not hold the others. */
const maxTurnMs = 60_000;

async function shrinkBytes<Input>(
  target: Target<Input>,
  input: Input,
  kind: string,
  world: World,
): Promise<Input> {
  const { bytes } = target;
  if (!bytes) return input;
  const shortest = await reduceBytes(bytes.get(input), async (candidate) => {
    const broken = await problemOf(target, bytes.set(input, candidate), world);
    return broken?.kind === kind;
  });
  return bytes.set(input, shortest);
}

/** The invariant that an input breaks. An error of any other kind is a defect of the product or of the target. */
export async function problemOf<Input>(
  target: Target<Input>,
  input: Input,
  world: World,
): Promise<Broken | undefined> {
  try {
    await target.check(input, world);
    return undefined;
  } catch (error) {
    if (error instanceof Broken) return error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new Broken("unexpected error", text);
  }
}
