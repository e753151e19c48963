/** Files imported as text (`with { type: "text" }`), which Bun embeds in the compiled binary. */
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.svg" {
  const text: string;
  export default text;
}
declare module "*.client.js" {
  const text: string;
  export default text;
}
