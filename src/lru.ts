/** Caches of the most recently used entries. */
import { LRUCache } from "lru-cache";

/**
 * Creates a cache of at most `maxEntries`, which takes memory as it fills: one with the option `max` of lru-cache takes
 * all of it at once, half a megabyte for 10,000 entries.
 */
export function createLru<Key extends string | number, Value extends object | string | number | true>(
  maxEntries: number,
): LRUCache<Key, Value> {
  return new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
