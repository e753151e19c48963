/** @jsxImportSource hono/jsx */
/** The page on which a person uploads files for an email; works without a script, too. */
import { Layout, toDocument } from "./layout.tsx";
import type { PageFrame } from "./props.ts";
import { scripts } from "./scripts.ts";
import { uploadTextsFor } from "./text/upload.ts";

export type UploadPageProps = PageFrame & {
  /** open: waits for files; received: has them; over: used, expired or unknown. */
  state: "open" | "received" | "over";
  /** The failure of the last attempt. */
  problem?: "tooLarge" | "failed" | undefined;
};

export function uploadPage(props: UploadPageProps): string {
  const { state, problem } = props;
  const text = uploadTextsFor(props.language);
  if (state !== "open") {
    const [title, words] =
      state === "received" ? [text.receivedTitle, text.received] : [text.overTitle, text.over];
    return toDocument(
      <Layout frame={props} title={title}>
        <h1>{title}</h1>
        <p>{words}</p>
      </Layout>,
    );
  }
  return toDocument(
    <Layout frame={props} title={text.title} scripts={[scripts.upload]}>
      <h1>{text.title}</h1>
      <p class="lead">{text.lead}</p>
      <form
        id="upload"
        method="post"
        encType="multipart/form-data"
        data-sending={text.sending}
        data-too-large={text.tooLarge}
        data-failed={text.failed}
      >
        <p id="problem" class="problem" role="alert" hidden={problem === undefined}>
          {problem === undefined ? "" : text[problem]}
        </p>
        <div class="field drop" id="drop">
          <label for="files">{text.choose}</label>
          <input id="files" name="files" type="file" multiple required aria-describedby="hint" />
          <ul id="chosen" class="accounts" />
        </div>
        <p id="hint" class="hint">
          {text.hint}
        </p>
        <progress id="progress" max="100" value="0" aria-label={text.sending} hidden />
        <p id="status" class="found" role="status" />
        <div class="actions">
          <button type="submit">{text.send}</button>
        </div>
      </form>
    </Layout>,
  );
}
