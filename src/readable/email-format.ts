/** The formats in which an email can be read. */

export type EmailFormat = "markdown" | "text" | "html" | "links";
