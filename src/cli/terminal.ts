/** The input and output of commands. */

/** The input and output of a command. */
export type Terminal = {
  /** The settings; undefined: the environment variables of the process. */
  env?: Readonly<Record<string, string | undefined>>;
  /** The folder of the systemd service's settings; undefined: /etc/email-connector, unless `env` is given. */
  serviceFolder?: string;
  print(line: string): void;
  printError(line: string): void;
  /** Writes a line of the log, which ends with its line end. */
  writeLog(line: string): void;
  /** Reads all of standard input as text; empty when it is a terminal. */
  readStdin(): Promise<string>;
  /** Aborted by the first SIGINT or SIGTERM. A second one ends the process at once. */
  stopping: AbortSignal;
};
