/** Floods of up to 300 discoveries for dead and slow domains, from one peer and from many. */
import { describeFloods } from "../support/discovery-tests.ts";

describeFloods([
  { discoveries: 20, peers: 1 },
  { discoveries: 60, peers: 1 },
  { discoveries: 300, peers: 1 },
  { discoveries: 20, peers: 20 },
  { discoveries: 60, peers: 60 },
  { discoveries: 300, peers: 300 },
]);
