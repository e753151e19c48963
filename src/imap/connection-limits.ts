/** The number of IMAP connections that a server keeps. */

/** Megabytes that an open IMAP connection takes, with its mailbox selected. */
const megabytesPerConnection = 0.4;

/** The number of connections that was set, or that fits in the memory for them: a quarter of all by default. */
export function toConnectionLimits({
  total,
  memoryMb,
  perHost,
}: {
  total: number | undefined;
  memoryMb: number | undefined;
  perHost: number;
}) {
  // The limit of the cgroup where there is one, else the machine's memory; in octets.
  const quarterMb = process.constrainedMemory() / 4 / 2 ** 20;
  const fitting = Math.max(64, Math.floor((memoryMb ?? quarterMb) / megabytesPerConnection));
  return { total: total ?? fitting, perHost };
}
