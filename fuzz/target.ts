/** A target of the fuzzer: an entry point of the product, the inputs for it, and what must hold for each. */
import type fc from "fast-check";
import type { World } from "./world.ts";

/** A broken invariant. `kind` is one short word group, the same for all inputs that break it in the same way. */
export class Broken extends Error {
  readonly kind: string;

  constructor(kind: string, details: string) {
    super(`${kind}: ${details}`);
    this.name = "Broken";
    this.kind = kind;
  }
}

export type Target<Input> = {
  name: string;
  inputs: fc.Arbitrary<Input>;
  /** Throws Broken when an invariant does not hold for this input. */
  check(input: Input, world: World): Promise<void>;
  /** Inputs of one turn, in which the targets take turns. */
  perTurn: number;
  /** For inputs of which a part is bytes: that part, and the input with other bytes in its place. */
  bytes?: { get(input: Input): Uint8Array; set(input: Input, bytes: Uint8Array): Input };
};

/** A target whose input type only it knows. */
export type AnyTarget = <Result>(use: <Input>(target: Target<Input>) => Result) => Result;

/** Hides the input type of a target, so that a list can hold targets of all types. */
export const toAnyTarget =
  <Input>(target: Target<Input>): AnyTarget =>
  (use) =>
    use(target);
