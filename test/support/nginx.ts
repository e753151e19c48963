/** nginx in front of a product, configured by deploy/nginx.conf, with a certificate of the tests' authority. */
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { programs } from "./installed.ts";
import { temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

/** Starts nginx on `port`, and on `plain` for http, in front of `inner`; sets the file's ports, name and certificate. */
export async function startNginx(ports: {
  port: number;
  plain: number;
  inner: number;
}): Promise<{ stop(): Promise<void> }> {
  const folder = temporaryFolder("nginx");
  const { certFile, keyFile } = trustedAuthority().issue({ hosts: ["localhost"] });
  const site = readFileSync(join(import.meta.dir, "../../deploy/nginx.conf"), "utf8")
    .replaceAll(/^\tlisten \[::\].*\n/gm, "")
    .replace("listen 80;", `listen 127.0.0.1:${ports.plain};`)
    .replace("listen 443 ", `listen 127.0.0.1:${ports.port} `)
    .replace("server 127.0.0.1:3000;", `server 127.0.0.1:${ports.inner};`)
    .replaceAll("mail.example.org;", "localhost;")
    .replace("/var/log/nginx/error.log", `${folder}/log`)
    .replace(/\/etc\/letsencrypt\/\S+fullchain\.pem/, certFile)
    .replace(/\/etc\/letsencrypt\/\S+privkey\.pem/, keyFile);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (what) => `${what}_temp_path ${folder}/${what};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    // As root it would become a user who may not write into the folder.
    `${process.getuid?.() === 0 ? "user root;" : ""} daemon off; pid ${folder}/pid; error_log ${folder}/log; events {}
     http { access_log off; ${temporary.join(" ")} ${site} }`,
  );
  const child = Bun.spawn([programs.nginx ?? "nginx", "-p", folder, "-c", join(folder, "nginx.conf")], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(folder, "stderr")),
  });
  try {
    await eventually(() => answers(ports.port), { withinMs: 10_000, what: "nginx to listen" });
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`nginx did not start:\n${readFileSync(join(folder, "stderr"), "utf8")}`, {
      cause: error,
    });
  }
  return {
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.destroy();
    resolve(true);
  });
  socket.on("error", () => resolve(false));
  return promise;
}
