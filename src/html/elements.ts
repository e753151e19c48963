/** Sets of HTML element names. */

/** Elements that are blocks unless CSS says otherwise (HTML section 15.3). */
export const blockElements: ReadonlySet<string> = new Set(
  "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol optgroup option p pre section summary table tbody td tfoot th thead tr ul caption".split(
    " ",
  ),
);

/** Blocks with an empty line before and after them. */
export const separatedBlocks: ReadonlySet<string> = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre table figure hr".split(" "),
);
